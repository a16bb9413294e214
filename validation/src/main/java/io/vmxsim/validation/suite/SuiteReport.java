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

  /** A table, then a line for each test that did not pass, with the reason. */
  public static String text(List<SuiteResult> results) {
    TextTable table = new TextTable();
    table.row("test", "outcome", "PASS", "FAIL", "SKIP", "instructions");
    for (SuiteResult result : results) {
      table.row(
          result.name(),
          word(result),
          "" + result.passed(),
          "" + result.failed(),
          "" + result.skipped(),
          TextTable.grouped(result.instructions()));
    }
    StringBuilder text = new StringBuilder();
    table.appendTo(text);
    text.append('\n');
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
          .put("instructions", result.instructions())
          .put("reason", result.reason());
    }
    return json.toPrettyString().replace("\r\n", "\n") + "\n";
  }
}
