package io.vmxsim.ept;

import io.vmxsim.ept.WalkObserver.Dimension;

/**
 * The outcome of a walk: owned and reused by the caller, filled by the walk.
 *
 * <p>Accessed and dirty flags that the walk sets are listed, not written: {@link #applyUpdates}
 * writes them. They are to be applied whatever the status, for they belong to the steps that
 * completed: an entry's accessed flag is listed once the entry is used to locate the next
 * structure; those of the entry that maps the page (accessed, and dirty for a write) once that
 * dimension allows the access. (SDM "Interrupt 14—Page-Fault Exception": on a protection violation
 * the accessed flag of the PDE is set; that of the PTE is model-specific, and stays clear here.)
 */
public final class WalkResult {
  /** How a walk ends. */
  public enum Status {
    /** The access is allowed; the physical address is valid. */
    OK,
    /** #PF with {@link #pageFaultErrorCode}; CR2 is {@link #linearAddress}. */
    PAGE_FAULT,
    /** VM exit with {@link #exitQualification} and {@link #guestPhysicalAddress}. */
    EPT_VIOLATION,
    /** VM exit with {@link #guestPhysicalAddress}. */
    EPT_MISCONFIGURATION,
    /** No sub-page write permissions are found for the page: VM exit. */
    SUB_PAGE_MISS,
    /** Sub-page write permissions have a reserved bit set: VM exit. */
    SUB_PAGE_MISCONFIGURATION,
    /** A flag for EPT was to be set and the page-modification log is full: VM exit. */
    MODIFICATION_LOG_FULL
  }

  /** Bit of {@link #exitQualification}: the guest linear-address field is valid. */
  public static final int LINEAR_ADDRESS_VALID = 1 << 7;

  /** Bit of {@link #exitQualification}: the access is to the translation of the linear address. */
  public static final int TRANSLATION_OF_LINEAR_ADDRESS = 1 << 8;

  // 5 guest entries, and 5 EPT entries for each of 5 guest structures and the page.
  private static final int MAX_UPDATES = 5 + 5 * 6;

  Status status = Status.OK;
  long linearAddress;
  long guestPhysicalAddress;
  long physicalAddress;
  int pageFaultErrorCode;
  int exitQualification;
  long eptEntry;

  int guestEntryReads;
  int eptEntryReads;

  int rights;
  boolean global;
  boolean guestDirty;
  int patMemoryType;
  int guestPageShift;

  /** Bytes that the access reads or writes, for sub-page write permissions. */
  int accessBytes = 1;

  /** Permission came from the sub-page: it is of this access alone. */
  boolean bySubPage;

  /** Every guest paging structure used is in a page that guest paging may update. */
  boolean pagingWritable;

  /** HLAT paging is under way. */
  boolean hlat;

  int eptRights;
  boolean eptDirty;
  int eptMemoryTyping;
  int eptPageShift;
  int memoryType;

  private int updates;
  private final long[] updateAddress = new long[MAX_UPDATES];
  private final long[] updateGuestPhysical = new long[MAX_UPDATES];
  private final int[] updateFlags = new int[MAX_UPDATES];

  // Working space of the walks.
  final WalkCaches.Table guestTable = new WalkCaches.Table();
  final WalkCaches.Table eptTable = new WalkCaches.Table();
  final WalkCaches.GuestPhysicalTranslation guestPhysical =
      new WalkCaches.GuestPhysicalTranslation();

  /** Starts a walk: paging and EPT allow everything, in pages without bounds, until read. */
  void begin(long linear) {
    status = Status.OK;
    linearAddress = linear;
    guestPhysicalAddress = linear;
    physicalAddress = 0;
    pageFaultErrorCode = 0;
    exitQualification = 0;
    eptEntry = 0;
    guestEntryReads = 0;
    eptEntryReads = 0;
    rights = AccessRights.ALL;
    global = false;
    guestDirty = true;
    patMemoryType = MemoryType.WB;
    guestPageShift = PagingMode.NO_PAGE_SHIFT;
    eptRights = EptRights.ALL;
    eptDirty = true;
    eptMemoryTyping = 0;
    eptPageShift = PagingMode.NO_PAGE_SHIFT;
    memoryType = MemoryType.WB;
    bySubPage = false;
    pagingWritable = true;
    hlat = false;
    updates = 0;
  }

  Status end(Status reached) {
    status = reached;
    return reached;
  }

  /** Lists flags to set in the entry at a physical address. */
  void addUpdate(long entryAddress, int flags, long guestPhysical) {
    updateAddress[updates] = entryAddress;
    updateFlags[updates] = flags;
    updateGuestPhysical[updates] = guestPhysical;
    updates++;
  }

  public Status status() {
    return status;
  }

  /** The linear address walked for. */
  public long linearAddress() {
    return linearAddress;
  }

  /**
   * OK: the guest-physical address the linear address translates to (without EPT, the physical
   * address). EPT violation or misconfiguration: the guest-physical address that caused it.
   */
  public long guestPhysicalAddress() {
    return guestPhysicalAddress;
  }

  /** OK: the physical address the linear address translates to. */
  public long physicalAddress() {
    return physicalAddress;
  }

  /** Page fault: the error code as delivered. */
  public int pageFaultErrorCode() {
    return pageFaultErrorCode;
  }

  /**
   * EPT violation: the exit qualification (SDM table 27-7), without bit 12, NMI unblocking due to
   * IRET, which the walk cannot know. EPT misconfiguration: 0 (undefined in the SDM).
   */
  public long exitQualification() {
    return exitQualification;
  }

  /**
   * EPT violation: whether the last EPT entry read lets it be converted to a virtualization
   * exception: its bit 63, suppress #VE, is 0 (SDM "Convertible EPT Violations", 25.5.6.1).
   */
  public boolean convertibleToVirtualizationException() {
    return status == Status.EPT_VIOLATION && eptEntry >= 0;
  }

  /** Number of guest paging-structure entries that the walk read from memory. */
  public int guestEntryReads() {
    return guestEntryReads;
  }

  /** Number of EPT paging-structure entries that the walk read from memory. */
  public int eptEntryReads() {
    return eptEntryReads;
  }

  /** OK: what guest paging allows, as {@link AccessRights} codes it. */
  public int rights() {
    return rights;
  }

  /** OK: what EPT allows, as {@link EptRights} codes it; everything without EPT. */
  public int eptRights() {
    return eptRights;
  }

  /** OK: the translation is global (G = 1 in the entry that maps the page, and CR4.PGE = 1). */
  public boolean global() {
    return global;
  }

  /**
   * OK: a write to the page needs no dirty flag set that is not set, or listed here, already; in
   * both dimensions.
   */
  public boolean dirty() {
    return guestDirty && eptDirty;
  }

  /**
   * OK: shift of the guest page (12, 21, 22, 30), {@link PagingMode#NO_PAGE_SHIFT} if CR0.PG = 0.
   */
  public int guestPageShift() {
    return guestPageShift;
  }

  /** OK: shift of the EPT page (12, 21, 30), {@link PagingMode#NO_PAGE_SHIFT} without EPT. */
  public int eptPageShift() {
    return eptPageShift;
  }

  /** OK: shift of what one translation covers, the smaller of guest and EPT page. */
  public int pageShift() {
    return Math.min(guestPageShift, eptPageShift);
  }

  /** OK: the effective {@link MemoryType}; without EPT that of the PAT, as if all MTRRs said WB. */
  public int memoryType() {
    return memoryType;
  }

  /** Number of listed updates. The same entry may be listed more than once. */
  public int updateCount() {
    return updates;
  }

  /** Physical address of the entry that update {@code i} changes. */
  public long updateAddress(int i) {
    return updateAddress[i];
  }

  /** The flags update {@code i} sets: {@link GuestWalk} or {@link EptWalk} ACCESSED and DIRTY. */
  public int updateFlags(int i) {
    return updateFlags[i];
  }

  /** Which paging structures update {@code i} changes. */
  public Dimension updateDimension(int i) {
    return (updateFlags[i] & (EptWalk.ACCESSED | EptWalk.DIRTY)) != 0
        ? Dimension.EPT
        : Dimension.GUEST;
  }

  /** The guest-physical address being translated when EPT update {@code i} came up (for PML). */
  public long updateGuestPhysical(int i) {
    return updateGuestPhysical[i];
  }

  /** Writes all listed flags. */
  public void applyUpdates(PhysicalMemory memory) {
    for (int i = 0; i < updates; i++) {
      apply(memory, i);
    }
  }

  private void apply(PhysicalMemory memory, int i) {
    // All flags are in the low 16 bits of an entry, be it of 4 or of 8 bytes.
    memory.write16(updateAddress[i], memory.read16(updateAddress[i]) | updateFlags[i]);
  }

  /**
   * Writes the listed flags and logs each dirty flag for EPT that becomes 1. A full log ends that,
   * and the walk with {@link Status#MODIFICATION_LOG_FULL}.
   */
  void applyUpdates(PhysicalMemory memory, PageModificationLog log) {
    for (int i = 0; i < updates; i++) {
      if (updateDimension(i) == Dimension.EPT) {
        int missing = updateFlags[i] & ~memory.read16(updateAddress[i]);
        if (missing == 0) {
          continue;
        }
        if (log.isFull()) {
          updates = i;
          end(Status.MODIFICATION_LOG_FULL);
          return;
        }
        if ((missing & EptWalk.DIRTY) != 0) {
          log.append(updateGuestPhysical[i] & ~0xfffL);
        }
      }
      apply(memory, i);
    }
  }
}
