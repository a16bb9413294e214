package io.vmxsim.ept;

import java.util.Arrays;

/**
 * The entries of a TLB that are parts of larger guest pages, listed by guest page: an invalidation
 * of one address has to drop every part, and the parts may lie in any set (SDM "Details of TLB
 * Use"). Guest pages share lists, so whoever follows one looks at each entry.
 */
final class Fragments {
  /** Sizes of the guest pages that have parts: 2 and 4 MBytes and 1 GByte, as shifts. */
  static final int SIZES = 3;

  private static final int[] SHIFTS = {21, 22, 30};
  private static final int NONE = -1;

  /** A power of two. */
  private static final int LISTS = 1024;

  private final int[] first = new int[LISTS];

  // By slot: its neighbours in its list, and the list, NONE for a slot that is in none.
  private final int[] next;
  private final int[] previous;
  private final int[] listOf;

  /** By size, how many are listed. */
  private final int[] listed = new int[SIZES];

  /** How many are listed in all. */
  private int count;

  Fragments(int slots) {
    next = new int[slots];
    previous = new int[slots];
    listOf = new int[slots];
    clear();
  }

  /**
   * Lists a slot, which is in no list.
   *
   * @param address any in the guest page
   * @param shift of the guest page
   */
  void add(int slot, long address, int shift) {
    int size = size(shift);
    int list = list(address, size);
    int head = first[list];
    next[slot] = head;
    previous[slot] = NONE;
    listOf[slot] = list * SIZES + size;
    if (head != NONE) {
      previous[head] = slot;
    }
    first[list] = slot;
    listed[size]++;
    count++;
  }

  /** Takes a slot off its list, if it is in one. */
  void remove(int slot) {
    if (count != 0 && listOf[slot] != NONE) {
      takeOff(slot);
    }
  }

  private void takeOff(int slot) {
    int place = listOf[slot];
    int after = next[slot];
    int before = previous[slot];
    if (before == NONE) {
      first[place / SIZES] = after;
    } else {
      next[before] = after;
    }
    if (after != NONE) {
      previous[after] = before;
    }
    listOf[slot] = NONE;
    listed[place % SIZES]--;
    count--;
  }

  /** The first slot that may be a part of the guest page of a size around an address, or -1. */
  int first(long address, int size) {
    return listed[size] == 0 ? NONE : first[list(address, size)];
  }

  /** The slot after another in its list, or -1. */
  int next(int slot) {
    return next[slot];
  }

  void clear() {
    Arrays.fill(first, NONE);
    Arrays.fill(listOf, NONE);
    Arrays.fill(listed, 0);
    count = 0;
  }

  private static int size(int shift) {
    return Arrays.binarySearch(SHIFTS, shift);
  }

  private static int list(long address, int size) {
    long page = (address & Tlb.ADDRESS_MASK) >>> SHIFTS[size];
    return (int) (((page * 0x9E3779B97F4A7C15L) >>> 54) ^ size) & (LISTS - 1);
  }
}
