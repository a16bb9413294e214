package io.vmxsim.traces;

import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * VM exits by reason over time, in slices of equal length. Nobody says beforehand how long a run
 * is: when the slices are used up, each two become one.
 */
public final class ExitTimeline {
  private static final int SLICES = 64;
  private static final int REASONS = 128;

  private final long[][] counts = new long[REASONS][];
  private long sliceLength = 1;
  private int used;

  /**
   * An exit.
   *
   * @param reason basic exit reason, 0 to 127
   * @param time since the start, 0 or more, in any unit
   */
  public void add(int reason, long time) {
    while (time / sliceLength >= SLICES) {
      halve();
    }
    if (counts[reason] == null) {
      counts[reason] = new long[SLICES];
    }
    int slice = (int) (time / sliceLength);
    counts[reason][slice]++;
    used = Math.max(used, slice + 1);
  }

  private void halve() {
    for (long[] row : counts) {
      if (row != null) {
        for (int i = 0; i < SLICES / 2; i++) {
          row[i] = row[2 * i] + row[2 * i + 1];
        }
        Arrays.fill(row, SLICES / 2, SLICES, 0);
      }
    }
    sliceLength *= 2;
    used = (used + 1) / 2;
  }

  /** Forgets everything. */
  void reset() {
    Arrays.fill(counts, null);
    sliceLength = 1;
    used = 0;
  }

  /** What was added, in no more slices than {@code most}. */
  public Timeline in(int most) {
    int merged = Math.max(1, (used + most - 1) / most);
    int slices = (used + merged - 1) / merged;
    List<Timeline.Row> rows = new ArrayList<>();
    for (int reason = 0; reason < REASONS; reason++) {
      if (counts[reason] != null) {
        Long[] row = new Long[slices];
        Arrays.fill(row, 0L);
        for (int i = 0; i < used; i++) {
          row[i / merged] += counts[reason][i];
        }
        rows.add(
            new Timeline.Row(
                Objects.requireNonNull(ExitReason.of(reason)).name(), Arrays.asList(row)));
      }
    }
    return new Timeline(sliceLength * merged, rows);
  }

  /**
   * Exits over time.
   *
   * @param sliceLength in the unit of the times added
   * @param rows one for each reason that occurred, in ascending order of reason number
   */
  public record Timeline(long sliceLength, List<Row> rows) {
    /** Nothing happened. */
    public static final Timeline EMPTY = new Timeline(1, List.of());

    /** The exits of one reason in each slice. */
    public record Row(String reason, List<Long> counts) {
      /** Copies the list. */
      public Row {
        counts = List.copyOf(counts);
      }
    }

    /** Copies the list. */
    public Timeline {
      rows = List.copyOf(rows);
    }

    /** How many slices there are. */
    public int slices() {
      return rows.isEmpty() ? 0 : rows.get(0).counts().size();
    }
  }
}
