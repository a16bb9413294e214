package io.vmxsim.ept;

/**
 * What a processor's EPT supports, and the controls besides the EPTP that a walk depends on.
 *
 * <p>SDM "VPID and EPT Capabilities" (A.10): bits of IA32_VMX_EPT_VPID_CAP. Immutable; what follows
 * from it for the entry formats is derived once.
 */
public final class EptFeatures {
  public static final long EXECUTE_ONLY = BitRange.bit(0);
  public static final long WALK_LENGTH_4 = BitRange.bit(6);
  public static final long WALK_LENGTH_5 = BitRange.bit(7);
  public static final long PAGE_2M = BitRange.bit(16);
  public static final long PAGE_1G = BitRange.bit(17);
  public static final long ACCESSED_DIRTY = BitRange.bit(21);

  /** Advanced VM-exit information for EPT violations (later editions). */
  public static final long ADVANCED_EXIT_INFORMATION = BitRange.bit(22);

  /** Everything above. */
  public static final long ALL =
      EXECUTE_ONLY
          | WALK_LENGTH_4
          | WALK_LENGTH_5
          | PAGE_2M
          | PAGE_1G
          | ACCESSED_DIRTY
          | ADVANCED_EXIT_INFORMATION;

  private static final long MEMORY_TYPING = BitRange.bits(6, 3);
  private static final long MAPS_PAGE = BitRange.bit(7);

  /** Of an entry that maps a page: guest paging may update it, under its control. */
  static final long PAGING_WRITE_ACCESS = BitRange.bit(58);

  private final long capabilities;
  private final int maxPhyAddr;
  private final boolean modeBasedExecute;
  private final TranslationControls controls;
  private final boolean walksFully;

  private final int accessRights;
  private final int largePageLevels;
  private final long[] reservedBits;
  private final int misconfiguredRights;

  /** The bits of an entry that decide {@link #isPlainTable}. */
  private final long plainTableBits;

  /** The bits of an entry of level 1 that decide {@link #isPlainPage}, and what they are then. */
  private final long plainPageBits;

  private final long plainPage;

  /**
   * The features of one processor under one setting of its controls.
   *
   * @param eptVpidCapability IA32_VMX_EPT_VPID_CAP; bits not named here are ignored
   * @param maxPhyAddr physical-address width, 32 to 52
   * @param modeBasedExecute the "mode-based execute control for EPT" VM-execution control
   */
  public EptFeatures(long eptVpidCapability, int maxPhyAddr, boolean modeBasedExecute) {
    this(eptVpidCapability, maxPhyAddr, modeBasedExecute, TranslationControls.NONE);
  }

  private EptFeatures(
      long eptVpidCapability,
      int maxPhyAddr,
      boolean modeBasedExecute,
      TranslationControls controls) {
    this.controls = controls;
    this.walksFully = controls.areOn();
    this.capabilities = eptVpidCapability;
    this.maxPhyAddr = maxPhyAddr;
    this.modeBasedExecute = modeBasedExecute;
    this.accessRights = modeBasedExecute ? EptRights.ALL : EptRights.ALL & ~EptRights.USER_EXECUTE;
    this.largePageLevels = (supports(PAGE_2M) ? 1 << 2 : 0) | (supports(PAGE_1G) ? 1 << 3 : 0);
    this.reservedBits = EptEntryFormat.reservedBits(maxPhyAddr, largePageLevels);
    this.misconfiguredRights = misconfiguredRights(supports(EXECUTE_ONLY));
    this.plainTableBits = EptEntryFormat.reservedInTables(maxPhyAddr) | MAPS_PAGE | accessRights;
    long reserved = reservedBits[EptEntryFormat.index(1, true)];
    this.plainPageBits = reserved | MEMORY_TYPING | accessRights;
    this.plainPage = (long) MemoryType.WB << 3 | accessRights;
  }

  /** Every feature on, with mode-based execute control off. */
  public static EptFeatures all(int maxPhyAddr) {
    return new EptFeatures(ALL, maxPhyAddr, false);
  }

  /** These features with the "mode-based execute control for EPT" as given. */
  public EptFeatures withModeBasedExecute(boolean on) {
    return on == modeBasedExecute ? this : new EptFeatures(capabilities, maxPhyAddr, on, controls);
  }

  /** These features with the controls of later editions as given. */
  public EptFeatures with(TranslationControls newControls) {
    return newControls.equals(controls)
        ? this
        : new EptFeatures(capabilities, maxPhyAddr, modeBasedExecute, newControls);
  }

  TranslationControls controls() {
    return controls;
  }

  /** Whether walks look at every entry, for what its bits say to {@link #controls}. */
  boolean walksFully() {
    return walksFully;
  }

  /** Whether the capability bits in {@code mask} are all 1. */
  public boolean supports(long mask) {
    return (capabilities & mask) == mask;
  }

  public int maxPhyAddr() {
    return maxPhyAddr;
  }

  public boolean modeBasedExecute() {
    return modeBasedExecute;
  }

  /** Bits of an entry that grant access; an entry with none of them is not present. */
  int accessRights() {
    return accessRights;
  }

  /**
   * Whether an entry above level 1 is present, allows everything, is configured properly, names a
   * table and has no flag to set: in one comparison, because nearly all are so.
   */
  boolean isPlainTable(long entry, long eptp) {
    long flags = EptPointer.accessedDirtyEnabled(eptp) ? EptWalk.ACCESSED : 0;
    return (entry & (plainTableBits | flags)) == (accessRights | flags);
  }

  /**
   * Likewise whether an entry of level 1 maps a page, which moreover is WB and leaves the PAT its
   * say, and has no flag to set even for a write.
   */
  boolean isPlainPage(long entry, long eptp) {
    long flags = EptPointer.accessedDirtyEnabled(eptp) ? EptWalk.ACCESSED | EptWalk.DIRTY : 0;
    return (entry & (plainPageBits | flags)) == (plainPage | flags);
  }

  /** Whether a present entry with these contents maps a page (else it names a table). */
  boolean mapsPage(int level, long entry) {
    return level == 1 || ((largePageLevels >>> level) & (int) (entry >>> 7) & 1) != 0;
  }

  /**
   * Whether a present entry is configured with an unsupported value: SDM "EPT Misconfigurations"
   * (28.2.3.1). Its three conditions in the manual's order: access rights, reserved bits, memory
   * type of the entry that maps a page.
   */
  boolean misconfigured(int level, boolean mapsPage, long entry) {
    int rights = (int) ((entry & 7) | (modeBasedExecute ? (entry >>> 7) & 8 : 0));
    return ((misconfiguredRights >>> rights) & 1) != 0
        || (entry & reservedBits[EptEntryFormat.index(level, mapsPage)]) != 0
        || (mapsPage && !MemoryType.isEptMemoryType((int) (entry >>> 3) & 7))
        || (mapsPage
            && controls.pagingWrites()
            && (entry & PAGING_WRITE_ACCESS) != 0
            && (entry & EptRights.READ) == 0);
  }

  /** The access rights (user-execute, execute, write, read as bits 3:0) that are misconfigured. */
  private static int misconfiguredRights(boolean executeOnly) {
    int set = 0;
    for (int rights = 1; rights < 16; rights++) {
      boolean read = (rights & 1) != 0;
      boolean write = (rights & 2) != 0;
      if (!read && (write || !executeOnly)) {
        set |= 1 << rights;
      }
    }
    return set;
  }
}
