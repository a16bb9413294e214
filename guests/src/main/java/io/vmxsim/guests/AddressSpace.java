package io.vmxsim.guests;

import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/**
 * What the modelled kernel remembers of one process's page tables: where each table lies and which
 * of its leaf entries are present. The tables themselves are in guest memory, written by stores.
 *
 * <p>Levels are numbered as in the SDM's paging chapter read from the leaf: 1 a page table (4-KByte
 * entries), 2 a page directory, 3 a page-directory-pointer table, 4 the PML4 table.
 */
final class AddressSpace {
  static final int TOP_LEVEL = 4;
  private static final int ABSENT = -1;

  private final long top;
  private final long userTop;
  private final Long2LongOpenHashMap tables = new Long2LongOpenHashMap();
  private final LongArrayList leafTables = new LongArrayList();
  private final Long2ObjectOpenHashMap<long[]> presentLeaves = new Long2ObjectOpenHashMap<>();

  /**
   * @param top guest-physical address of the top-level table the kernel runs on
   * @param userTop that of the one user code runs on; equal to {@code top} without page-table
   *     isolation
   */
  AddressSpace(long top, long userTop) {
    this.top = top;
    this.userTop = userTop;
    tables.defaultReturnValue(ABSENT);
  }

  /** Guest-physical address of the kernel's top-level table. */
  long top() {
    return top;
  }

  /** Guest-physical address of the user's top-level table. */
  long userTop() {
    return userTop;
  }

  /** Whether user and kernel run on different tables. */
  boolean isolated() {
    return top != userTop;
  }

  /** Guest-physical address of the table of {@code level} that covers {@code linear}, or -1. */
  long table(int level, long linear) {
    return level == TOP_LEVEL ? top : tables.get(key(level, linear));
  }

  /**
   * Remembers that the table of {@code level} that covers {@code linear} lies at {@code physical}.
   */
  void addTable(int level, long linear, long physical) {
    tables.put(key(level, linear), physical);
  }

  /** Guest-physical address of the entry of {@code level} that covers {@code linear}. */
  long entry(int level, long linear) {
    return table(level, linear) + 8L * index(level, linear);
  }

  /** Remembers that the leaf entry of {@code level} for {@code linear} is present. */
  void addLeaf(int level, long linear) {
    long key = key(level, linear);
    long[] present = presentLeaves.get(key);
    if (present == null) {
      present = new long[8];
      presentLeaves.put(key, present);
      leafTables.add(key);
    }
    int index = index(level, linear);
    present[index >>> 6] |= 1L << index;
  }

  /** Whether a leaf entry of {@code level} for {@code linear} is present. */
  boolean hasLeaf(int level, long linear) {
    long[] present = presentLeaves.get(key(level, linear));
    int index = index(level, linear);
    return present != null && (present[index >>> 6] & (1L << index)) != 0;
  }

  /** Tables that hold leaf entries, in the order they got their first one. */
  int leafTableCount() {
    return leafTables.size();
  }

  /** Guest-physical address of leaf table {@code i}. */
  long leafTable(int i) {
    return tables.get(leafTables.getLong(i));
  }

  /** Which of leaf table {@code i}'s 512 entries are present, one bit each. */
  long[] presentLeaves(int i) {
    return presentLeaves.get(leafTables.getLong(i));
  }

  private static int index(int level, long linear) {
    return (int) (linear >>> (3 + 9 * level)) & 0x1ff;
  }

  private static long key(int level, long linear) {
    return ((long) level << 60) | ((linear >>> (12 + 9 * level)) & ((1L << 52) - 1));
  }
}
