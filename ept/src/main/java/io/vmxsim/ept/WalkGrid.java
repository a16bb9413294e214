package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Counts the entries that walks read by their place in the two-dimensional walk. Its rows are the
 * guest's paging structures and, last, the page; its columns the EPT entries behind an access to
 * one, and last the guest's entry itself. An uncached walk of 4 by 4 levels reads each of its 24
 * cells once; what is missing from a cell was answered by a paging-structure cache or nested TLB.
 */
public final class WalkGrid implements WalkObserver {
  /** Row of the page, and column of the guest's own entry. */
  public static final int LAST = 0;

  private static final int LEVELS = 6;

  private final long[][] reads = new long[LEVELS][LEVELS];

  /** EPT entries read on the way to what is not known yet. */
  private final long[] pending = new long[LEVELS];

  private long walks;

  @Override
  public void entryRead(Dimension dimension, int level, long entryAddress, long entry) {
    if (dimension == Dimension.EPT) {
      pending[level]++;
    } else {
      settle(level);
      reads[level][LAST]++;
    }
  }

  /** What was read since the guest's last entry led to the page, or ended the walk. */
  @Override
  public void walkEnded() {
    settle(LAST);
    walks++;
  }

  private void settle(int row) {
    for (int level = 1; level < LEVELS; level++) {
      reads[row][level] += pending[level];
      pending[level] = 0;
    }
  }

  /** Walks counted. */
  public long walks() {
    return walks;
  }

  /**
   * Entries read in a cell.
   *
   * @param guestLevel 1 (page table) to 5, or {@link #LAST} for the page
   * @param eptLevel 1 to 5, or {@link #LAST} for the guest's entry of that level
   */
  public long reads(int guestLevel, int eptLevel) {
    return reads[guestLevel][eptLevel];
  }

  /** Forgets everything. */
  public void reset() {
    for (long[] row : reads) {
      Arrays.fill(row, 0);
    }
    Arrays.fill(pending, 0);
    walks = 0;
  }
}
