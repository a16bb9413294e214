package io.vmxsim.ept;

/** A hierarchy of paging structures being built: what guest and EPT structures have in common. */
final class TableTree {
  private static final long ADDRESS = BitRange.bits(51, 12);
  private static final long PAGE_SIZE = BitRange.bit(7);

  private final PagingMode shape;
  private final int rootLevel;
  private final TableMemory memory;
  private final long presentMask;
  private final long root;

  /**
   * An empty hierarchy with a root structure.
   *
   * @param rootLevel level of the root structure; above the shape's top level for PAE
   * @param presentMask an entry with any of these bits is present
   */
  TableTree(PagingMode shape, int rootLevel, TableMemory memory, long presentMask) {
    this.shape = shape;
    this.rootLevel = rootLevel;
    this.memory = memory;
    this.presentMask = presentMask;
    this.root = memory.allocateTable();
  }

  long root() {
    return root;
  }

  int rootLevel() {
    return rootLevel;
  }

  /** The level whose entries map pages of this shift; other shifts are refused. */
  int levelOfPage(int pageShift) {
    for (int level = 1; level <= 3 && level <= shape.topLevel(); level++) {
      if (shape.shift(level) == pageShift) {
        return level;
      }
    }
    throw new IllegalArgumentException(shape + " has no page of 2^" + pageShift + " bytes");
  }

  /** Flags that make an entry of this level map a page, besides the caller's. */
  static long pageFlag(int level) {
    return level == 1 ? 0 : PAGE_SIZE;
  }

  /** Address of the entry for {@code address} at a level, or -1 if the structure is not there. */
  long findEntry(long address, int level) {
    long table = root;
    for (int at = rootLevel; at > level; at--) {
      long entry = read(table + offset(address, at));
      if ((entry & presentMask) == 0 || (entry & PAGE_SIZE) != 0) {
        return -1;
      }
      table = entry & ADDRESS;
    }
    return table + offset(address, level);
  }

  /** Address of the entry for {@code address} at a level; absent structures are linked in. */
  long makeEntry(long address, int level, Links links) {
    long table = root;
    for (int at = rootLevel; at > level; at--) {
      long entryAddress = table + offset(address, at);
      long entry = read(entryAddress);
      if ((entry & presentMask) == 0) {
        entry = memory.allocateTable() | links.flags(at);
        write(entryAddress, entry);
      } else if ((entry & PAGE_SIZE) != 0) {
        throw new IllegalStateException(
            String.format("%#x is mapped by a larger page, at level %d", address, at));
      }
      table = entry & ADDRESS;
    }
    return table + offset(address, level);
  }

  long read(long entryAddress) {
    return shape.entryBytes() == 4 ? memory.read32(entryAddress) : memory.read64(entryAddress);
  }

  void write(long entryAddress, long entry) {
    if (shape.entryBytes() == 4) {
      memory.write32(entryAddress, entry);
    } else {
      memory.write64(entryAddress, entry);
    }
  }

  private long offset(long address, int level) {
    // The four PDPTEs of PAE paging are selected by bits 31:30 alone.
    long used = level > shape.topLevel() ? address & BitRange.bits(31, 0) : address;
    return shape.entryOffset(used, level);
  }

  /** Flags of an entry of a level that references another structure. */
  @FunctionalInterface
  interface Links {
    long flags(int level);
  }
}
