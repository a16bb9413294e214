package io.vmxsim.ept;

import java.util.Arrays;

/**
 * How many entries a TLB of many ways holds for the pages that share a count, so that most searches
 * which would find nothing are not made. A count that is not 0 promises nothing.
 *
 * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random: nine in ten searches of the second level are
 * spared.
 */
final class PagePresence {
  private static final int COUNTS_PER_ENTRY = 4;
  private static final int FEWEST_WAYS = 8;

  /** Empty if searches are short enough, or the counts could overflow. */
  private final short[] counts;

  private final int shift;

  PagePresence(int entries, int ways) {
    boolean useful = ways >= FEWEST_WAYS && entries <= Short.MAX_VALUE;
    int size = useful ? Integer.highestOneBit(entries * COUNTS_PER_ENTRY) : 0;
    counts = new short[size];
    shift = Integer.numberOfLeadingZeros(size) + 33;
  }

  /** Whether the TLB may hold an entry with this tag, whatever its context. */
  boolean mayHold(long pageTag) {
    return counts.length == 0 || counts[index(pageTag)] != 0;
  }

  /**
   * Counts an entry that is stored or dropped.
   *
   * @param change 1 or -1
   */
  void count(long pageTag, int change) {
    if (counts.length != 0) {
      counts[index(pageTag)] += (short) change;
    }
  }

  void clear() {
    Arrays.fill(counts, (short) 0);
  }

  private int index(long pageTag) {
    return (int) ((pageTag * 0x9E3779B97F4A7C15L) >>> shift);
  }
}
