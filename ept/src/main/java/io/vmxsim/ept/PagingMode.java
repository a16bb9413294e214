package io.vmxsim.ept;

/**
 * The paging modes, and the shape of their paging structures.
 *
 * <p>SDM "Paging Modes and Control Bits" (4.1) and "Hierarchical Paging Structures: an Overview"
 * (4.2), table 4-2. Levels are numbered from the page: 1 is a page table, 2 a page directory, 3 a
 * page-directory-pointer table, 4 a PML4 table, 5 a PML5 table.
 */
public enum PagingMode {
  /** CR0.PG = 0: a linear address is a (guest-)physical address. */
  NONE(0, 0, 0, 32),
  /** 32-bit paging. */
  BITS32(2, 10, 4, 32),
  /** PAE paging. Its level 3 is held in the four PDPTE registers, so a walk starts at level 2. */
  PAE(2, 9, 8, 32),
  /** IA-32e paging, called 4-level paging in later editions. */
  FOUR_LEVEL(4, 9, 8, 48),
  /** 5-level paging (SDM of 2018 and later, 4.5). */
  FIVE_LEVEL(5, 9, 8, 57);

  /** Page shift reported where no paging structure bounds a page. */
  public static final int NO_PAGE_SHIFT = 52;

  private final int topLevel;
  private final int indexBits;
  private final int entryBytes;
  private final int linearAddressBits;

  PagingMode(int topLevel, int indexBits, int entryBytes, int linearAddressBits) {
    this.topLevel = topLevel;
    this.indexBits = indexBits;
    this.entryBytes = entryBytes;
    this.linearAddressBits = linearAddressBits;
  }

  /** The mode that CR0.PG, CR4.PAE, IA32_EFER.LME and CR4.LA57 select. */
  public static PagingMode of(long cr0, long cr4, long efer) {
    if ((cr0 & PagingState.CR0_PG) == 0) {
      return NONE;
    } else if ((cr4 & PagingState.CR4_PAE) == 0) {
      return BITS32;
    } else if ((efer & PagingState.EFER_LME) == 0) {
      return PAE;
    } else {
      return (cr4 & PagingState.CR4_LA57) == 0 ? FOUR_LEVEL : FIVE_LEVEL;
    }
  }

  /** Level of the first structure a walk reads in memory; 0 when there is none. */
  public int topLevel() {
    return topLevel;
  }

  /** Bytes of one entry: 4 or 8. */
  public int entryBytes() {
    return entryBytes;
  }

  /** Bits of a linear address that translation uses. */
  public int linearAddressBits() {
    return linearAddressBits;
  }

  /**
   * Lowest linear-address bit that selects an entry at {@code level}; the shift of a page there.
   */
  public int shift(int level) {
    return 12 + indexBits * (level - 1);
  }

  /** Offset within its structure of the entry that {@code linearAddress} selects at a level. */
  public long entryOffset(long linearAddress, int level) {
    return ((linearAddress >>> shift(level)) & ((1L << indexBits) - 1)) * entryBytes;
  }
}
