package io.vmxsim.ept;

/**
 * Builds EPT paging structures, as a VMM does. Entries that reference a structure allow everything,
 * so the entry that maps a page decides.
 */
public final class EptBuilder {
  /** Bits of an entry that grant access, with and without mode-based execute control. */
  private static final long PRESENT = EptRights.ALL;

  private final int walkLength;
  private final TableTree tree;

  /**
   * Starts with an empty root structure.
   *
   * @param walkLength 4 or 5 levels
   */
  public EptBuilder(int walkLength, TableMemory memory) {
    if (walkLength != 4 && walkLength != 5) {
      throw new IllegalArgumentException("EPT page-walk length " + walkLength);
    }
    this.walkLength = walkLength;
    PagingMode shape = walkLength == 4 ? PagingMode.FOUR_LEVEL : PagingMode.FIVE_LEVEL;
    this.tree = new TableTree(shape, walkLength, memory, PRESENT);
  }

  /** Physical address of the root structure (EPTRTA). */
  public long root() {
    return tree.root();
  }

  /** The EPTP for these structures, write-back. */
  public long eptp(boolean accessedDirty) {
    return EptPointer.of(root(), walkLength, accessedDirty);
  }

  /**
   * Maps one page, write-back.
   *
   * @param pageShift size of the page: 12, 21 or 30
   * @param rights {@link EptRights}
   */
  public void map(long guestPhysicalAddress, long physicalAddress, int pageShift, int rights) {
    mapWith(guestPhysicalAddress, physicalAddress, pageShift, rights | (MemoryType.WB << 3));
  }

  /**
   * Maps one page with all low flags given.
   *
   * @param flags rights, memory type, ignore-PAT, accessed, dirty; bit 7 is added
   */
  public void mapWith(long guestPhysicalAddress, long physicalAddress, int pageShift, long flags) {
    int level = tree.levelOfPage(pageShift);
    long entryAddress = tree.makeEntry(guestPhysicalAddress, level, at -> EptRights.ALL);
    long frame = physicalAddress & (-1L << pageShift);
    tree.write(entryAddress, frame | flags | TableTree.pageFlag(level));
  }

  /** Clears the entry that maps pages of this size at an address, if its structure is there. */
  public void unmap(long guestPhysicalAddress, int pageShift) {
    long entryAddress = entryAddress(guestPhysicalAddress, tree.levelOfPage(pageShift));
    if (entryAddress >= 0) {
      tree.write(entryAddress, 0);
    }
  }

  /**
   * Address of the entry that translation of a guest-physical address uses at a level, or -1 when
   * there is no structure of that level.
   */
  public long entryAddress(long guestPhysicalAddress, int level) {
    return tree.findEntry(guestPhysicalAddress, level);
  }

  /** Reads an entry by its address. */
  public long entry(long entryAddress) {
    return tree.read(entryAddress);
  }

  /** Replaces an entry by its address. */
  public void setEntry(long entryAddress, long entry) {
    tree.write(entryAddress, entry);
  }
}
