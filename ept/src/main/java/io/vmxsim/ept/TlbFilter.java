package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Where a TLB holds which 4-KByte page, found by one comparison instead of a search, with the
 * accesses that are permitted there as things stand; and the last translation, found sooner still.
 *
 * <p>Nothing of the model is here. The filter names only slots whose entries a search would have
 * found, and a hit changes in the TLB what the search would have changed: the entry's time of last
 * use. Its owners keep it so: {@link #forget} when an entry leaves its slot, {@link #clear} when
 * other contexts or rights come into force.
 *
 * <p>JUSTIFICATION: two numbers share a word, and a row is two elements of one array, since every
 * simulated access comes here first (MmuBenchmark, sequential and 48 pages).
 */
final class TlbFilter {
  /** Rows for each entry of the TLB, so that few pages in use share a row. */
  private static final int ROWS_PER_ENTRY = 4;

  /** Moves linear-address bits 56:12 above the set of permitted accesses. */
  private static final int PAGE_SHIFT = 7;

  private static final int ACCESS_BITS = 12 + PAGE_SHIFT;
  private static final long PAGE_MASK = -1L << ACCESS_BITS;
  private static final int SLOT_MASK = (1 << 12) - 1;

  private static final long PAGE = -1L << 12;
  private static final long NOTHING = -1;

  private final boolean inUse;

  /** Row n: page above permitted accesses in element 2n, frame above slot in element 2n+1. */
  private final long[] table;

  private final int mask;

  /** Whether a row has been filled since all were cleared. */
  private boolean filled;

  /** Page and access of the last translation, if it used the TLB last of all; else nothing. */
  private long last = NOTHING;

  private long lastFrame;

  /** Translations answered here. */
  long hits;

  /**
   * An empty filter.
   *
   * @param entries of the TLB; 0 for a filter that stays empty
   */
  TlbFilter(int entries) {
    inUse = entries > 0 && entries <= SLOT_MASK + 1;
    int rows = inUse ? Integer.highestOneBit(entries * ROWS_PER_ENTRY) : 1;
    table = new long[2 * rows];
    mask = 2 * (rows - 1);
  }

  /**
   * Whether a translation is of the same page and for the same access as the last one. Its entry is
   * the most recently used of the TLB, and using it changes nothing.
   */
  boolean repeats(long address, int access) {
    return ((address & PAGE) | access) == last;
  }

  /** The frame of the last translation. */
  long lastFrame() {
    return lastFrame;
  }

  /** The row of an address. */
  int row(long address) {
    return (int) (address >>> 11) & mask;
  }

  /** Whether a row is for the page of an address and permits an access. */
  boolean permits(int row, long address, int access) {
    long word = table[row];
    return (word ^ address << PAGE_SHIFT) >>> ACCESS_BITS == 0 && (word >>> access & 1) != 0;
  }

  /** Takes the page in a row for the last translation; returns the slot of the TLB it is in. */
  int take(int row, long address, int access) {
    long found = table[row + 1];
    last = (address & PAGE) | access;
    lastFrame = found & PAGE;
    return (int) found & SLOT_MASK;
  }

  /**
   * Enters the page of the last translation.
   *
   * @param access the access made
   * @param permitted the set of accesses that a search would let through (bit n: access n)
   */
  void put(long address, int access, int permitted, long frame, int slot) {
    if (inUse) {
      int row = row(address);
      table[row] = (address << PAGE_SHIFT & PAGE_MASK) | (permitted & 0xFFFF);
      table[row + 1] = frame | slot;
      filled = true;
      last = (address & PAGE) | access;
      lastFrame = frame;
    }
  }

  /** The TLB has been used otherwise than by the last translation put here. */
  void forgetLast() {
    last = NOTHING;
  }

  /** Forgets a page, given by its number, and others that share its row. */
  void forget(long pageNumber) {
    table[row(pageNumber << 12)] = 0;
    last = NOTHING;
  }

  void clear() {
    last = NOTHING;
    if (filled) {
      Arrays.fill(table, 0);
      filled = false;
    }
  }
}
