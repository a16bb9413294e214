package io.vmxsim.validation.suite;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vmxsim.traces.TextTable;
import java.util.List;
import java.util.Locale;

/** The results of a suite as a table and as JSON. Equal results are equal bytes. */
public final class SuiteReport {
  private static final int LONGEST_REASON = 100;

  private SuiteReport() {}

  /** The head of a table with a row for each of {@code tests}. */
  public static String head(List<SuiteTest> tests) {
    return line(tests, "test", "outcome", "PASS", "FAIL", "SKIP", "XPASS", "instructions");
  }

  /** The row of one of {@code tests}. */
  public static String row(List<SuiteTest> tests, SuiteResult result) {
    return line(
        tests,
        result.name(),
        word(result),
        "" + result.passed(),
        "" + result.failed(),
        "" + result.skipped(),
        "" + result.unexpected(),
        TextTable.grouped(result.instructions()));
  }

  private static String line(
      List<SuiteTest> tests,
      String name,
      String outcome,
      String passed,
      String failed,
      String skipped,
      String unexpected,
      String instructions) {
    int width = tests.stream().mapToInt(test -> test.name().length()).max().orElse(0);
    return String.format(
        Locale.ROOT,
        "%-" + Math.max(width, 4) + "s  %7s %6s %6s %6s %6s %16s\n",
        name,
        outcome,
        passed,
        failed,
        skipped,
        unexpected,
        instructions);
  }

  /** A line for each test that did not pass, with the reason, and how many ended in which way. */
  public static String summary(List<SuiteResult> results) {
    StringBuilder text = new StringBuilder("\n");
    for (SuiteResult result : results) {
      if (!result.reason().isEmpty()) {
        String reason = result.reason();
        int length = Math.min(reason.length(), LONGEST_REASON);
        text.append(result.name()).append(": ").append(reason, 0, length).append('\n');
      }
    }
    for (SuiteResult.Outcome outcome : SuiteResult.Outcome.values()) {
      long count = results.stream().filter(result -> result.outcome() == outcome).count();
      text.append(count).append(' ').append(outcome.name().toLowerCase(Locale.ROOT)).append("  ");
    }
    return text.toString().stripTrailing() + "\n";
  }

  private static String word(SuiteResult result) {
    return result.outcome().name().toLowerCase(Locale.ROOT);
  }

  /** One indented JSON document that ends in a line feed. */
  public static String json(List<SuiteResult> results) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    ArrayNode tests = json.putArray("tests");
    for (SuiteResult result : results) {
      tests
          .addObject()
          .put("name", result.name())
          .put("outcome", word(result))
          .put("exitCode", result.exitCode())
          .put("passed", result.passed())
          .put("failed", result.failed())
          .put("skipped", result.skipped())
          .put("unexpectedPasses", result.unexpected())
          .put("instructions", result.instructions())
          .put("reason", result.reason());
    }
    return json.toPrettyString().replace("\r\n", "\n") + "\n";
  }
}
