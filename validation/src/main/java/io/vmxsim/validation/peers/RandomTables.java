package io.vmxsim.validation.peers;

import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random paging structures of one mode, in a stretch of physical memory: a few entries in each
 * structure, some not present, some that map large pages. No reserved bit is set.
 */
final class RandomTables {
  private static final int PAGE = 4096;
  private static final int PRESENT = 1;
  private static final int LARGE = 1 << 7;
  private static final long ADDRESS_BITS = 38;
  private static final long EXECUTE_DISABLE = 1L << 63;

  /** Writable, user, write-through, cache disabled, accessed, dirty. */
  private static final int FLAGS = 0x7e;

  private static final int GLOBAL = 1 << 8;

  private final PhysicalMemory memory;
  private final PagingMode mode;
  private final Random random;
  private final List<Long> addresses = new ArrayList<>();
  private final long root;
  private long next;

  /**
   * @param first where the structures are to lie, the root first; below 4 GBytes
   */
  RandomTables(PhysicalMemory memory, PagingMode mode, long first, Random random) {
    this.memory = memory;
    this.mode = mode;
    this.random = random;
    root = first;
    next = first + PAGE;
    fill(root, mode == PagingMode.PAE ? 3 : mode.topLevel(), 0);
  }

  long root() {
    return root;
  }

  /** Behind the last structure. */
  long end() {
    return next;
  }

  /** A linear address for each entry that was written and leads to no further structure. */
  List<Long> addresses() {
    return addresses;
  }

  private void fill(long table, int level, long linear) {
    boolean registers = mode == PagingMode.PAE && level == 3;
    int slots = registers ? 4 : mode == PagingMode.BITS32 ? 1024 : 512;
    int filled = registers ? 3 : 1 + random.nextInt(level > 2 ? 3 : 6);
    for (int i = 0; i < filled; i++) {
      int slot = random.nextInt(3) == 0 ? random.nextInt(2) * (slots - 1) : random.nextInt(slots);
      if (read(table, slot) == 0) {
        write(table, slot, entry(level, registers, linear | ((long) slot << shift(level))));
      }
    }
  }

  private long entry(int level, boolean register, long linear) {
    if (random.nextInt(8) == 0) {
      addresses.add(linear);
      return register ? 0 : random.nextInt() & ~PRESENT;
    }
    if (register) {
      return table(level, linear) | PRESENT;
    }
    long flags = (random.nextInt() & FLAGS) | PRESENT;
    boolean large = mayBeLarge(level) && random.nextInt(3) == 0;
    if (mode != PagingMode.BITS32 && random.nextInt(4) == 0) {
      flags |= EXECUTE_DISABLE;
    }
    if (level > 1 && !large) {
      return table(level, linear) | flags;
    }
    addresses.add(linear);
    flags |= (random.nextInt() & GLOBAL) | (large ? LARGE : 0);
    long bits = mode == PagingMode.BITS32 ? 32 : ADDRESS_BITS;
    return flags | (random.nextLong() & ((1L << bits) - (1L << shift(level))));
  }

  private long table(int level, long linear) {
    long table = next;
    next += PAGE;
    fill(table, level - 1, linear);
    return table;
  }

  private boolean mayBeLarge(int level) {
    return level == 2 || (level == 3 && mode.topLevel() >= 4);
  }

  private int shift(int level) {
    return mode == PagingMode.BITS32 ? 12 + 10 * (level - 1) : 12 + 9 * (level - 1);
  }

  private long read(long table, int slot) {
    return mode == PagingMode.BITS32
        ? memory.read32(table + 4L * slot)
        : memory.read64(table + 8L * slot);
  }

  private void write(long table, int slot, long entry) {
    if (mode == PagingMode.BITS32) {
      memory.write32(table + 4L * slot, (int) entry);
    } else {
      memory.write64(table + 8L * slot, entry);
    }
  }
}
