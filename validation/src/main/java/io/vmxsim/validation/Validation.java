package io.vmxsim.validation;

import io.vmxsim.validation.Comparison.Verdict;
import java.util.Arrays;
import java.util.List;

/**
 * Published tables run through the simulator.
 *
 * @param tables in the order asked for
 */
public record Validation(List<TableResult> tables) {

  /** A table and its comparisons, one for each row. */
  public record TableResult(PublishedTable table, List<Comparison> rows) {
    /** Copies the list. */
    public TableResult {
      rows = List.copyOf(rows);
    }
  }

  /** Copies the list. */
  public Validation {
    tables = List.copyOf(tables);
  }

  /** Runs tables. */
  public static Validation of(List<PublishedTable> tables) {
    return new Validation(
        tables.stream()
            .map(
                table ->
                    new TableResult(
                        table, table.rows().stream().map(PublishedRow::compare).toList()))
            .toList());
  }

  /** Runs every table. */
  public static Validation ofAll() {
    return of(Arrays.asList(PublishedTable.values()));
  }

  /** How many rows came out that way. */
  public long count(Verdict verdict) {
    return tables.stream()
        .flatMap(table -> table.rows().stream())
        .filter(row -> row.verdict() == verdict)
        .count();
  }

  /**
   * Whether an exact row differs or a shape does not hold.
   *
   * @param strict whether a miss counts too
   */
  public boolean fails(boolean strict) {
    return count(Verdict.BROKEN) > 0 || (strict && count(Verdict.MISS) > 0);
  }

  /** One line: how many rows of each verdict. */
  public String summary() {
    return "%d rows: %d ok, %d broken, %d missed, %d not run yet"
        .formatted(
            tables.stream().mapToInt(table -> table.rows().size()).sum(),
            count(Verdict.OK),
            count(Verdict.BROKEN),
            count(Verdict.MISS),
            count(Verdict.NOT_RUN));
  }
}
