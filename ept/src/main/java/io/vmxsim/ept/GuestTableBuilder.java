package io.vmxsim.ept;

/**
 * Builds paging structures of any mode, as an operating system does. Entries that reference a
 * structure are present, writable, user and executable, so the entry that maps a page decides.
 */
public final class GuestTableBuilder {
  public static final long PRESENT = 1;
  public static final long WRITE = 1 << 1;
  public static final long USER = 1 << 2;
  public static final long GLOBAL = 1 << 8;
  public static final long EXECUTE_DISABLE = 1L << 63;

  private final PagingMode mode;
  private final TableTree tree;

  /**
   * Starts with an empty root structure.
   *
   * @param mode any mode with paging structures; {@link PagingMode#NONE} is refused
   */
  public GuestTableBuilder(PagingMode mode, TableMemory memory) {
    if (mode == PagingMode.NONE) {
      throw new IllegalArgumentException("no paging structures without paging");
    }
    this.mode = mode;
    int rootLevel = mode == PagingMode.PAE ? 3 : mode.topLevel();
    this.tree = new TableTree(mode, rootLevel, memory, PRESENT);
  }

  /** Address for CR3: of the root structure; with PAE paging, of the four PDPTEs. */
  public long root() {
    return tree.root();
  }

  /**
   * Maps one page.
   *
   * @param pageShift size of the page: 12, 21 (22 with 32-bit paging) or 30
   * @param flags R/W, U/S, XD, G, memory typing, protection key; P and PS are added
   */
  public void map(long linearAddress, long physicalAddress, int pageShift, long flags) {
    int level = tree.levelOfPage(pageShift);
    long entryAddress = tree.makeEntry(linearAddress, level, this::linkFlags);
    long frame = physicalAddress & (-1L << pageShift);
    if (mode == PagingMode.BITS32 && level == 2) {
      frame = (frame & BitRange.bits(31, 22)) | (((frame >>> 32) & 0xff) << 13); // PSE-36
    }
    tree.write(entryAddress, frame | flags | PRESENT | TableTree.pageFlag(level));
  }

  /** Clears the entry that maps pages of this size at an address, if its structure is there. */
  public void unmap(long linearAddress, int pageShift) {
    long entryAddress = entryAddress(linearAddress, tree.levelOfPage(pageShift));
    if (entryAddress >= 0) {
      tree.write(entryAddress, 0);
    }
  }

  /**
   * Address of the entry that translation of a linear address uses at a level, or -1 when there is
   * no structure of that level.
   */
  public long entryAddress(long linearAddress, int level) {
    return tree.findEntry(linearAddress, level);
  }

  /** Reads an entry by its address. */
  public long entry(long entryAddress) {
    return tree.read(entryAddress);
  }

  /** Replaces an entry by its address. */
  public void setEntry(long entryAddress, long entry) {
    tree.write(entryAddress, entry);
  }

  private long linkFlags(int level) {
    // PAE PDPTEs reserve R/W and U/S.
    return mode == PagingMode.PAE && level == 3 ? PRESENT : PRESENT | WRITE | USER;
  }
}
