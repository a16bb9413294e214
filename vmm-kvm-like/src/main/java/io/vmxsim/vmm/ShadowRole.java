package io.vmxsim.vmm;

import io.vmxsim.ept.PagingState;

/**
 * What a shadow page stands for besides its guest frame, packed into an {@code int}: one guest page
 * table reached with different rights, or read with entries of another size, has several shadows.
 * Plain functions on the packed form, so that a look-up allocates nothing.
 */
final class ShadowRole {
  /** Rights that every entry above grants; the last-level entry of the shadow holds them all. */
  static final int WRITE = 1;

  static final int USER = 2;
  static final int EXECUTE = 4;
  static final int ALL = WRITE | USER | EXECUTE;

  private static final int LEVEL_BITS = 3;
  private static final int ACCESS_SHIFT = LEVEL_BITS;
  private static final int QUADRANT_SHIFT = ACCESS_SHIFT + 3;
  private static final int NARROW = 1 << (QUADRANT_SHIFT + 2);
  private static final int PAE = NARROW << 1;
  private static final int DIRECT = PAE << 1;
  private static final int EXECUTE_DISABLE = DIRECT << 1;
  private static final int PAGE_SIZE_EXTENSIONS = EXECUTE_DISABLE << 1;

  private ShadowRole() {}

  /**
   * The shadow of a guest table of 512 entries of 8 bytes.
   *
   * @param efer the guest's IA32_EFER, whose NXE says whether bit 63 of an entry is reserved
   */
  static int of(int level, int access, boolean pae, long efer) {
    return of(level, access, pae) | ((efer & PagingState.EFER_NXE) != 0 ? EXECUTE_DISABLE : 0);
  }

  private static int of(int level, int access, boolean pae) {
    return level | access << ACCESS_SHIFT | (pae ? PAE : 0);
  }

  /**
   * The shadow of a part of a guest table of 1024 entries of 4 bytes. A shadow page holds half as
   * many entries, each of half the reach: a page directory has four shadows, a page table two.
   *
   * @param cr4 the guest's, whose PSE says whether a directory's entry may be a large page
   */
  static int ofNarrow(int level, int access, int quadrant, long cr4) {
    int extensions = (cr4 & PagingState.CR4_PSE) != 0 ? PAGE_SIZE_EXTENSIONS : 0;
    return of(level, access, true) | NARROW | quadrant << QUADRANT_SHIFT | extensions;
  }

  /** A table that maps consecutive guest frames: a part of a large guest page, or paging off. */
  static int ofDirect(int level, int access, boolean pae) {
    return of(level, access, pae) | DIRECT;
  }

  /** 1 for a page table, 2 for a page directory, … */
  static int level(int role) {
    return role & ((1 << LEVEL_BITS) - 1);
  }

  static int access(int role) {
    return role >> ACCESS_SHIFT & ALL;
  }

  static boolean direct(int role) {
    return (role & DIRECT) != 0;
  }

  static boolean executeDisable(int role) {
    return (role & EXECUTE_DISABLE) != 0;
  }

  /** Whether the hardware reads the table with PAE paging, where the upper bits are reserved. */
  static boolean pae(int role) {
    return (role & PAE) != 0;
  }

  /** Bytes of an entry in the guest's table. */
  static int guestEntrySize(int role) {
    return (role & NARROW) != 0 ? 4 : 8;
  }

  /** How many entries of the shadow stand for one entry of the guest's table. */
  static int spread(int role) {
    return (role & NARROW) != 0 && level(role) == 2 ? 2 : 1;
  }

  /** Where in the guest's table the entry is that shadow entry {@code index} stands for. */
  static int guestOffset(int role, int index) {
    if ((role & NARROW) == 0) {
      return index * 8;
    }
    int quadrant = role >> QUADRANT_SHIFT & 3;
    return (quadrant * 512 + index) / spread(role) * 4;
  }

  /**
   * The first shadow entry that stands for the guest entry at {@code offset} in its table; -1 if it
   * belongs to another quadrant.
   */
  static int shadowIndex(int role, int offset) {
    if ((role & NARROW) == 0) {
      return offset >> 3;
    }
    int index = (offset >> 2) * spread(role) - (role >> QUADRANT_SHIFT & 3) * 512;
    return index >= 0 && index < 512 ? index : -1;
  }
}
