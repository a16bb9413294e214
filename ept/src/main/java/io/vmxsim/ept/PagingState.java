package io.vmxsim.ept;

import static io.vmxsim.ept.BitRange.bit;

/**
 * The registers and processor features that linear-address translation depends on.
 *
 * <p>SDM "Paging-Mode Modifiers" (4.1.3). Mutable and owned by the processor; a walk only reads it.
 * What follows from the control bits (mode, reserved bits of the entries) is derived when they
 * change, not per walk. Nothing is checked here: MOV CR and VM entry have checked.
 */
public final class PagingState {
  public static final long CR0_WP = bit(16);
  public static final long CR0_CD = bit(30);
  public static final long CR0_PG = bit(31);
  public static final long CR4_PSE = bit(4);
  public static final long CR4_PAE = bit(5);
  public static final long CR4_PGE = bit(7);
  public static final long CR4_LA57 = bit(12);
  public static final long CR4_PCIDE = bit(17);
  public static final long CR4_SMEP = bit(20);
  public static final long CR4_SMAP = bit(21);
  public static final long CR4_PKE = bit(22);
  public static final long CR4_PKS = bit(24);
  public static final long EFER_LME = bit(8);
  public static final long EFER_NXE = bit(11);

  /** IA32_PAT after reset: WB, WT, UC-, UC, twice (SDM table 11-12). */
  public static final long PAT_AFTER_RESET = 0x0007040600070406L;

  private static final long MAPS_PAGE = bit(7);

  /** Present and accessed. */
  private static final long PLAIN = bit(0) | bit(5);

  private long cr0;
  private long cr3;
  private long cr4;
  private long efer;
  private int pkru;
  private int pkrs;
  private long pat = PAT_AFTER_RESET;
  private boolean rflagsAc;
  private final long[] pdptes = new long[4];

  private int maxPhyAddr;
  private boolean page1GSupported = true;
  private boolean pse36Supported = true;

  private PagingMode mode = PagingMode.NONE;
  private int largePageLevels;
  private final long[] reservedBits = new long[12];

  /** The bits of an entry that decide {@link #isPlainTable}. */
  private long plainTableBits;

  /** Likewise for {@link #isPlainPage}. */
  private long plainPageBits;

  /**
   * Paging off, all registers 0, 1-GByte pages and PSE-36 supported.
   *
   * @param maxPhyAddr MAXPHYADDR, 32 to 52 (CPUID.80000008H:EAX[7:0])
   */
  public PagingState(int maxPhyAddr) {
    setMaxPhyAddr(maxPhyAddr);
  }

  /** The paging mode in force. */
  public PagingMode mode() {
    return mode;
  }

  public long cr0() {
    return cr0;
  }

  public void setCr0(long value) {
    cr0 = value;
    derive();
  }

  public long cr3() {
    return cr3;
  }

  public void setCr3(long value) {
    cr3 = value;
  }

  public long cr4() {
    return cr4;
  }

  public void setCr4(long value) {
    cr4 = value;
    derive();
  }

  public long efer() {
    return efer;
  }

  public void setEfer(long value) {
    efer = value;
    derive();
  }

  /** Sets CR0, CR3, CR4 and IA32_EFER at once, as VM entry and VM exit do. */
  public void setControlRegisters(long newCr0, long newCr3, long newCr4, long newEfer) {
    boolean formatsStay = cr0 == newCr0 && cr4 == newCr4 && efer == newEfer;
    cr0 = newCr0;
    cr3 = newCr3;
    cr4 = newCr4;
    efer = newEfer;
    if (!formatsStay) {
      derive();
    }
  }

  public int pkru() {
    return pkru;
  }

  public void setPkru(int value) {
    pkru = value;
  }

  /** IA32_PKRS, the protection-key rights of supervisor pages. */
  public int pkrs() {
    return pkrs;
  }

  public void setPkrs(int value) {
    pkrs = value;
  }

  /** IA32_PAT. */
  public long pat() {
    return pat;
  }

  public void setPat(long value) {
    pat = value;
  }

  /** RFLAGS.AC, which suspends SMAP for explicit supervisor-mode accesses. */
  public boolean rflagsAc() {
    return rflagsAc;
  }

  public void setRflagsAc(boolean value) {
    rflagsAc = value;
  }

  /** PDPTE register {@code i}, 0 to 3; used with PAE paging only. */
  public long pdpte(int i) {
    return pdptes[i];
  }

  public void setPdpte(int i, long value) {
    pdptes[i] = value;
  }

  public int maxPhyAddr() {
    return maxPhyAddr;
  }

  /** Sets MAXPHYADDR; outside 32 to 52 gets {@link IllegalArgumentException}. */
  public void setMaxPhyAddr(int value) {
    if (value < 32 || value > 52) {
      throw new IllegalArgumentException("MAXPHYADDR " + value);
    }
    maxPhyAddr = value;
    derive();
  }

  /** Page1GB: CPUID.80000001H:EDX[26]. */
  public boolean page1GSupported() {
    return page1GSupported;
  }

  public void setPage1GSupported(boolean supported) {
    page1GSupported = supported;
    derive();
  }

  /** PSE-36: CPUID.01H:EDX[17]. */
  public boolean pse36Supported() {
    return pse36Supported;
  }

  public void setPse36Supported(boolean supported) {
    pse36Supported = supported;
    derive();
  }

  /** Bits that make a present PAE PDPTE unloadable, #GP(0): SDM "PDPTE Registers" (4.4.1). */
  public long pdpteReservedBits() {
    return GuestEntryFormat.PDPTE_PAE.reservedBits(this);
  }

  /** Whether an entry with these contents at this level maps a page (else it names a table). */
  boolean mapsPage(int level, long entry) {
    return level == 1 || ((largePageLevels >>> level) & (int) (entry >>> 7) & 1) != 0;
  }

  /** The bits reserved in a present entry of this level and kind. */
  long reservedBits(int level, boolean mapsPage) {
    return reservedBits[GuestEntryFormat.index(level, mapsPage)];
  }

  /**
   * Whether an entry above level 1 is present, has its accessed flag set and no reserved bit, and
   * names a table: in one comparison, because nearly all are so. Only with 4 or 5 levels.
   */
  boolean isPlainTable(long entry) {
    return (entry & plainTableBits) == PLAIN;
  }

  /**
   * Whether an entry of level 1 is present, has its accessed flag set and no reserved bit. Only
   * with 4 or 5 levels.
   */
  boolean isPlainPage(long entry) {
    return (entry & plainPageBits) == PLAIN;
  }

  /** The bits that {@link #isPlainTable} depends on: equal bits, equal answers. */
  long plainTableBits() {
    return plainTableBits;
  }

  private void derive() {
    mode = PagingMode.of(cr0, cr4, efer);
    largePageLevels = GuestEntryFormat.largePageLevels(this);
    GuestEntryFormat.reservedBits(this, reservedBits);
    plainTableBits = reservedBits[GuestEntryFormat.index(4, false)] | MAPS_PAGE | PLAIN;
    plainPageBits = reservedBits[GuestEntryFormat.index(1, true)] | PLAIN;
  }
}
