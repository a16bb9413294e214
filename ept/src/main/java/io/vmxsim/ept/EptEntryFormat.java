package io.vmxsim.ept;

import static io.vmxsim.ept.BitRange.bit;
import static io.vmxsim.ept.BitRange.bits;

/**
 * The reserved bits of a present EPT paging-structure entry: one row per format.
 *
 * <p>SDM "EPT Translation Mechanism" (28.2.2), tables 28-1 to 28-6; the PML5 entry is that of later
 * editions and has the PML4 entry's format. Every format moreover reserves the address bits at and
 * above the physical-address width.
 */
enum EptEntryFormat {
  //        level  maps a page  reserved bits of the row
  PML5E(5, false, bits(7, 3)),
  PML4E(4, false, bits(7, 3)),
  PDPTE_TABLE(3, false, bits(6, 3)),
  PDPTE_1G(3, true, bits(29, 12)),
  PDE_TABLE(2, false, bits(6, 3)),
  PDE_2M(2, true, bits(20, 12)),
  PTE(1, true, 0);

  private final int level;
  private final boolean mapsPage;
  private final long rowBits;

  EptEntryFormat(int level, boolean mapsPage, long rowBits) {
    this.level = level;
    this.mapsPage = mapsPage;
    this.rowBits = rowBits;
  }

  /** Index into the table of {@link #reservedBits}. */
  static int index(int level, boolean mapsPage) {
    return 2 * level + (mapsPage ? 1 : 0);
  }

  /** The bits that are reserved, at whatever level, in an entry that names a table. */
  static long reservedInTables(int maxPhyAddr) {
    long mask = bits(51, maxPhyAddr);
    for (EptEntryFormat row : values()) {
      mask |= row.mapsPage ? 0 : row.rowBits;
    }
    return mask;
  }

  /**
   * Reserved-bit masks of all formats, by {@link #index}.
   *
   * @param largePageLevels levels at which bit 7 may be 1; elsewhere it is reserved
   */
  static long[] reservedBits(int maxPhyAddr, int largePageLevels) {
    long[] masks = new long[12];
    for (EptEntryFormat row : values()) {
      boolean bit7Reserved = row.level > 1 && ((largePageLevels >>> row.level) & 1) == 0;
      masks[index(row.level, row.mapsPage)] =
          row.rowBits | bits(51, maxPhyAddr) | (bit7Reserved ? bit(7) : 0);
    }
    return masks;
  }
}
