package io.vmxsim.traces;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows of a label and right-aligned cells, each column as wide as its widest cell. */
public final class TextTable {
  private static final int GAP = 2;

  private final List<String[]> rows = new ArrayList<>();

  /** Adds a row; the first cell is its label and stands to the left. */
  public void row(String... cells) {
    rows.add(cells.clone());
  }

  /** Adds a row of a label and one cell per element of {@code cells}. */
  public void row(String label, List<String> cells) {
    List<String> row = new ArrayList<>(List.of(label));
    row.addAll(cells);
    row(row.toArray(String[]::new));
  }

  public void appendTo(StringBuilder out) {
    int[] widths = new int[rows.stream().mapToInt(row -> row.length).max().orElse(0)];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder(row[0]);
      line.append(" ".repeat(widths[0] - row[0].length()));
      for (int i = 1; i < row.length; i++) {
        line.append(" ".repeat(GAP + widths[i] - row[i].length())).append(row[i]);
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
  }

  /** A whole number with thousands separated by commas, whatever the locale. */
  public static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
