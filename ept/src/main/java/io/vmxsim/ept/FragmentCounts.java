package io.vmxsim.ept;

import java.util.Arrays;

/**
 * How many entries of a TLB are parts of larger guest pages, counted by the guest page, so that an
 * invalidation of one address knows whether such a part can be among what it has to drop (SDM
 * "Details of TLB Use"). Pages share counts, so a count that is not 0 promises nothing.
 */
final class FragmentCounts {
  private static final int COUNTS = 512;

  /** Sizes of the guest pages that have parts: 2, 4 MBytes and 1 GByte, as shifts. */
  private static final int[] SHIFTS = {21, 22, 30};

  private final int[] counts = new int[COUNTS];
  private int total;

  /**
   * Counts an entry that is stored or dropped.
   *
   * @param address any in the guest page
   * @param shift of the guest page
   * @param change 1 or -1
   */
  void count(long address, int shift, int change) {
    counts[index(address, shift)] += change;
    total += change;
  }

  /** Whether an entry may be a part of the guest page around an address. */
  boolean mayHold(long address) {
    if (total == 0) {
      return false;
    }
    for (int shift : SHIFTS) {
      if (counts[index(address, shift)] != 0) {
        return true;
      }
    }
    return false;
  }

  void clear() {
    Arrays.fill(counts, 0);
    total = 0;
  }

  private static int index(long address, int shift) {
    long page = (address & Tlb.ADDRESS_MASK) >>> shift;
    return (int) (((page * 0x9E3779B97F4A7C15L) >>> 55) ^ shift) & (COUNTS - 1);
  }
}
