package io.vmxsim.traces;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The exits of two runs side by side.
 *
 * @param rows every reason that either has and of which they have different numbers
 */
record ExitComparison(String first, String second, List<Row> rows) {

  /** The exits of one reason. */
  record Row(String reason, long first, long second) {}

  ExitComparison {
    rows = List.copyOf(rows);
  }

  /** Compares exits by reason. */
  static ExitComparison of(
      Map<String, Long> first, String firstName, Map<String, Long> second, String secondName) {
    TreeSet<String> reasons = new TreeSet<>(first.keySet());
    reasons.addAll(second.keySet());
    List<Row> rows = new ArrayList<>();
    for (String reason : reasons) {
      Row row = new Row(reason, first.getOrDefault(reason, 0L), second.getOrDefault(reason, 0L));
      if (row.first() != row.second()) {
        rows.add(row);
      }
    }
    return new ExitComparison(firstName, secondName, rows);
  }

  /** A table; nothing if there is no difference. */
  void appendTo(StringBuilder out) {
    if (rows.isEmpty()) {
      return;
    }
    TextTable table = new TextTable();
    table.row("", first, second, "difference");
    for (Row row : rows) {
      table.row(
          "  " + row.reason(),
          TextTable.grouped(row.first()),
          TextTable.grouped(row.second()),
          "%+,d".formatted(row.first() - row.second()));
    }
    table.appendTo(out);
  }
}
