package io.vmxsim.traces;

import static io.vmxsim.traces.TextTable.grouped;

import com.fasterxml.jackson.core.JsonGenerator;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The exits of two runs side by side, reason by reason.
 *
 * @param first what the first is called: the one to go by
 * @param second the other
 * @param rows every reason that either has, in the order of the first
 */
public record ExitComparison(String first, String second, List<Row> rows) {

  /** The exits of one reason. */
  public record Row(String reason, long first, long second) {
    /** The second less the first. */
    public long difference() {
      return second - first;
    }
  }

  /** Copies the list. */
  public ExitComparison {
    rows = List.copyOf(rows);
  }

  /** Compares exits by reason. */
  public static ExitComparison of(
      String firstName, Map<String, Long> first, String secondName, Map<String, Long> second) {
    Map<String, Long> left = new LinkedHashMap<>(second);
    List<Row> rows = new ArrayList<>();
    first.forEach(
        (reason, count) -> {
          Long other = left.remove(reason);
          rows.add(new Row(reason, count, other == null ? 0 : other));
        });
    left.forEach((reason, count) -> rows.add(new Row(reason, 0, count)));
    return new ExitComparison(firstName, secondName, rows);
  }

  /**
   * Puts each run beside those in a file of the same paging mode and policy.
   *
   * @throws InputException if the file is no output of a run, or has none of these modes
   */
  public static List<ExitComparison> of(String file, List<RunResult> runs) {
    List<ExitComparison> all = new ArrayList<>();
    for (StoredRun stored : StoredRun.read(file)) {
      for (RunResult run : runs) {
        if (run.mode().equals(stored.mode())) {
          all.add(of(stored.mode(), stored.exits(), "this", run.exitsByReason()));
        }
      }
    }
    if (all.isEmpty()) {
      String modes = String.join(" or ", runs.stream().map(RunResult::mode).distinct().toList());
      throw new InputException(file, "/runs", "expected a run with --paging " + modes);
    }
    return all;
  }

  /** Whether both have the same exits by reason. */
  public boolean isEqual() {
    return rows.stream().allMatch(row -> row.difference() == 0);
  }

  /** A table of all reasons; those that differ say by how many. */
  void appendTo(StringBuilder out) {
    long firstTotal = rows.stream().mapToLong(Row::first).sum();
    long secondTotal = rows.stream().mapToLong(Row::second).sum();
    TextTable table = new TextTable();
    table.row("", first, "", second, "", "difference");
    for (Row row : rows) {
      table.row(
          "  " + row.reason(),
          grouped(row.first()),
          percent(row.first(), firstTotal),
          grouped(row.second()),
          percent(row.second(), secondTotal),
          signed(row.difference()));
    }
    table.row(
        "  total",
        grouped(firstTotal),
        "",
        grouped(secondTotal),
        "",
        signed(secondTotal - firstTotal));
    table.appendTo(out);
  }

  private static String signed(long difference) {
    return difference == 0 ? "" : String.format(Locale.ROOT, "%+,d", difference);
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.2f%%", whole == 0 ? 0 : 100.0 * part / whole);
  }

  /** The same as an object of JSON. */
  void writeTo(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("first", first);
    json.writeStringField("second", second);
    json.writeBooleanField("equal", isEqual());
    json.writeArrayFieldStart("rows");
    for (Row row : rows) {
      json.writeStartObject();
      json.writeStringField("reason", row.reason());
      json.writeNumberField("first", row.first());
      json.writeNumberField("second", row.second());
      json.writeNumberField("difference", row.difference());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
