package io.vmxsim.ept;

import static io.vmxsim.ept.BitRange.bit;
import static io.vmxsim.ept.BitRange.bits;

/**
 * The reserved bits of a present guest paging-structure entry: one row per format.
 *
 * <p>SDM tables 4-4 to 4-6 (32-bit), 4-8 to 4-11 (PAE) and 4-14 to 4-19 (IA-32e), and the lists of
 * reserved bits in 4.3, 4.4.2 and 4.5. The PAT is always supported. Besides the bits of its row,
 * every 8-byte format reserves the address bits at and above MAXPHYADDR, and XD while IA32_EFER.NXE
 * = 0; the PAE formats moreover reserve 62:52.
 */
enum GuestEntryFormat {
  //             formats            level  maps a page  reserved bits of the row
  PDE_32_TABLE(Family.BITS32, 2, false, 0),
  PDE_32_4M(Family.BITS32, 2, true, bits(21, 13)), // PSE-36 gives 20:13 to the address
  PTE_32(Family.BITS32, 1, true, 0),

  PDPTE_PAE(Family.PAE, 3, false, bits(2, 1) | bits(8, 5) | bit(63)),
  PDE_PAE_TABLE(Family.PAE, 2, false, 0),
  PDE_PAE_2M(Family.PAE, 2, true, bits(20, 13)),
  PTE_PAE(Family.PAE, 1, true, 0),

  PML5E(Family.IA32E, 5, false, bit(7)),
  PML4E(Family.IA32E, 4, false, bit(7)),
  PDPTE_TABLE(Family.IA32E, 3, false, 0),
  PDPTE_1G(Family.IA32E, 3, true, bits(29, 13)),
  PDE_TABLE(Family.IA32E, 2, false, 0),
  PDE_2M(Family.IA32E, 2, true, bits(20, 13)),
  PTE(Family.IA32E, 1, true, 0);

  private enum Family {
    BITS32,
    PAE,
    IA32E
  }

  private static final GuestEntryFormat[] ROWS = values();

  private final Family family;
  private final int level;
  private final boolean mapsPage;
  private final long rowBits;

  GuestEntryFormat(Family family, int level, boolean mapsPage, long rowBits) {
    this.family = family;
    this.level = level;
    this.mapsPage = mapsPage;
    this.rowBits = rowBits;
  }

  /** Index into a table of masks by level and kind, for {@link #reservedBits}. */
  static int index(int level, boolean mapsPage) {
    return 2 * level + (mapsPage ? 1 : 0);
  }

  /** Reserved-bit masks of all formats in force, by {@link #index}. */
  static void reservedBits(PagingState state, long[] masks) {
    Family family =
        switch (state.mode()) {
          case NONE, BITS32 -> Family.BITS32;
          case PAE -> Family.PAE;
          case FOUR_LEVEL, FIVE_LEVEL -> Family.IA32E;
        };
    for (GuestEntryFormat row : ROWS) {
      if (row.family == family) {
        masks[index(row.level, row.mapsPage)] = row.reservedBits(state);
      }
    }
    if (family == Family.IA32E && !state.page1GSupported()) {
      masks[index(3, false)] |= bit(7); // PS: "not all processors allow the PS flag to be 1"
    }
  }

  /** Levels above 1 at which PS = 1 makes an entry map a page, as a bit set. */
  static int largePageLevels(PagingState state) {
    return switch (state.mode()) {
      case NONE -> 0;
      case BITS32 -> (state.cr4() & PagingState.CR4_PSE) != 0 ? 1 << 2 : 0;
      case PAE -> 1 << 2;
      case FOUR_LEVEL, FIVE_LEVEL -> state.page1GSupported() ? (1 << 2) | (1 << 3) : 1 << 2;
    };
  }

  long reservedBits(PagingState state) {
    int m = state.maxPhyAddr();
    if (family == Family.BITS32) {
      // 21:(M-19) with PSE-36, where M is the minimum of 40 and MAXPHYADDR.
      return this == PDE_32_4M && state.pse36Supported() ? bits(21, Math.min(40, m) - 19) : rowBits;
    }
    long xd = (state.efer() & PagingState.EFER_NXE) == 0 ? bit(63) : 0;
    return rowBits | xd | bits(family == Family.PAE ? 62 : 51, m);
  }
}
