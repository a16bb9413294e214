package io.vmxsim.traces;

import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;

/** Counts distinct 4-KByte pages: one bit a page, in blocks of 2 MBytes that are touched at all. */
final class PageCounter {
  private final Long2ObjectOpenHashMap<long[]> blocks = new Long2ObjectOpenHashMap<>();
  private long lastBlock = Long.MIN_VALUE;
  private long[] last = new long[0];
  private long count;

  /** Notes the page of {@code address}. */
  void touch(long address) {
    long page = address >>> 12;
    long block = page >>> 9;
    if (block != lastBlock) {
      select(block);
    }
    int word = (int) (page >>> 6) & 7;
    long bit = 1L << page;
    if ((last[word] & bit) == 0) {
      last[word] |= bit;
      count++;
    }
  }

  /** Distinct pages touched so far. */
  long count() {
    return count;
  }

  private void select(long block) {
    long[] pages = blocks.get(block);
    if (pages == null) {
      pages = new long[8];
      blocks.put(block, pages);
    }
    lastBlock = block;
    last = pages;
  }
}
