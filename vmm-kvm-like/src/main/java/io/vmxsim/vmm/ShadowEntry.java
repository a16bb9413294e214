package io.vmxsim.vmm;

/**
 * The bits of shadow paging-structure entries, which are those of PAE, 4-level and 5-level paging:
 * SDM "Paging" (chapter 4), tables 4-8 to 4-19. The guest's 8-byte entries have the same bits, its
 * 4-byte entries those below bit 32.
 */
final class ShadowEntry {
  static final long PRESENT = 1;
  static final long WRITE = 1 << 1;
  static final long USER = 1 << 2;
  static final long ACCESSED = 1 << 5;
  static final long DIRTY = 1 << 6;

  /** In an entry above a page table: maps a page. */
  static final long LARGE = 1 << 7;

  static final long GLOBAL = 1 << 8;
  static final long NO_EXECUTE = 1L << 63;
  static final long FRAME = 0x000f_ffff_ffff_f000L;

  /** Not present: the fault has P = 0. */
  static final long ABSENT = 0;

  /**
   * Present with all reserved bits set: the fault has P = 1 and RSVD = 1, and exits where faults
   * with P = 0 do not.
   */
  static final long TRAP = NO_EXECUTE | 0x7fff_ffff_ffff_f000L | PRESENT;

  private ShadowEntry() {}

  /** Whether the entry maps a page or names a table. */
  static boolean isPresent(long entry) {
    return (entry & PRESENT) != 0 && entry != TRAP;
  }

  /** Whether a present entry of a table of {@code level} maps a page. */
  static boolean isLeaf(long entry, int level) {
    return level == 1 || (entry & LARGE) != 0;
  }

  /** An entry that names a table and takes no right away: the last level decides. */
  static long table(long address) {
    return address | PRESENT | WRITE | USER | ACCESSED;
  }

  /** An entry of a page-directory-pointer table of PAE paging, which has no rights. */
  static long paePointer(long address) {
    return address | PRESENT;
  }

  /**
   * An entry that maps a page.
   *
   * @param address host-physical, aligned to the page
   * @param level 1 for 4 KBytes, 2 for 2 MBytes, 3 for 1 GByte
   * @param access {@link ShadowRole} rights
   */
  static long page(long address, int level, int access, boolean global, boolean accessed) {
    return address
        | PRESENT
        | ((access & ShadowRole.WRITE) != 0 ? WRITE | DIRTY : 0)
        | ((access & ShadowRole.USER) != 0 ? USER : 0)
        | ((access & ShadowRole.EXECUTE) != 0 ? 0 : NO_EXECUTE)
        | (level > 1 ? LARGE : 0)
        | (global ? GLOBAL : 0)
        | (accessed ? ACCESSED : 0);
  }

  /** The rights that a guest entry (4 or 8 bytes, zero-extended) grants by itself. */
  static int access(long guestEntry) {
    return ((guestEntry & WRITE) != 0 ? ShadowRole.WRITE : 0)
        | ((guestEntry & USER) != 0 ? ShadowRole.USER : 0)
        | ((guestEntry & NO_EXECUTE) != 0 ? 0 : ShadowRole.EXECUTE);
  }
}
