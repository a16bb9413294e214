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

  private final long capabilities;
  private final int maxPhyAddr;
  private final boolean modeBasedExecute;

  private final int accessRights;
  private final int largePageLevels;
  private final long[] reservedBits;
  private final int misconfiguredRights;

  /** The bits of an entry that decide {@link #isPlainTable}. */
  private final long plainTableBits;

  /** By level, the bits of an entry that decide {@link #isPlainPage}, and what they are then. */
  private final long[] plainPageBits = new long[6];

  private final long[] plainPage = new long[6];

  /**
   * The features of one processor under one setting of its controls.
   *
   * @param eptVpidCapability IA32_VMX_EPT_VPID_CAP; bits not named here are ignored
   * @param maxPhyAddr physical-address width, 32 to 52
   * @param modeBasedExecute the "mode-based execute control for EPT" VM-execution control
   */
  public EptFeatures(long eptVpidCapability, int maxPhyAddr, boolean modeBasedExecute) {
    this.capabilities = eptVpidCapability;
    this.maxPhyAddr = maxPhyAddr;
    this.modeBasedExecute = modeBasedExecute;
    this.accessRights = modeBasedExecute ? EptRights.ALL : EptRights.ALL & ~EptRights.USER_EXECUTE;
    this.largePageLevels = (supports(PAGE_2M) ? 1 << 2 : 0) | (supports(PAGE_1G) ? 1 << 3 : 0);
    this.reservedBits = EptEntryFormat.reservedBits(maxPhyAddr, largePageLevels);
    this.misconfiguredRights = misconfiguredRights(supports(EXECUTE_ONLY));
    this.plainTableBits = EptEntryFormat.reservedInTables(maxPhyAddr) | MAPS_PAGE | accessRights;
    for (int level = 1; level < plainPage.length; level++) {
      long mapsPage = level == 1 ? 0 : MAPS_PAGE;
      boolean possible = mapsPage(level, mapsPage);
      long reserved = reservedBits[EptEntryFormat.index(level, true)];
      plainPageBits[level] = possible ? reserved | MEMORY_TYPING | accessRights | mapsPage : 0;
      plainPage[level] = (long) MemoryType.WB << 3 | accessRights | mapsPage;
    }
  }

  /** Every feature on, with mode-based execute control off. */
  public static EptFeatures all(int maxPhyAddr) {
    return new EptFeatures(ALL, maxPhyAddr, false);
  }

  /** These features with the "mode-based execute control for EPT" as given. */
  public EptFeatures withModeBasedExecute(boolean on) {
    return on == modeBasedExecute ? this : new EptFeatures(capabilities, maxPhyAddr, on);
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
   * Whether an entry above level 1 is present, allows everything, is configured properly and names
   * a table: in one comparison, because nearly all are so.
   */
  boolean isPlainTable(long entry) {
    return (entry & plainTableBits) == accessRights;
  }

  /**
   * Likewise whether an entry maps a page, which moreover is WB and leaves the PAT its say. An
   * entry above level 1 is no {@link #isPlainTable plain table}.
   */
  boolean isPlainPage(int level, long entry) {
    return (entry & plainPageBits[level]) == plainPage[level];
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
        || (mapsPage && !MemoryType.isEptMemoryType((int) (entry >>> 3) & 7));
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
