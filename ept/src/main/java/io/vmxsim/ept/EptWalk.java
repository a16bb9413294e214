package io.vmxsim.ept;

import io.vmxsim.ept.WalkObserver.Dimension;
import io.vmxsim.ept.WalkResult.Status;
import org.jspecify.annotations.Nullable;

/**
 * Translates guest-physical addresses: SDM "EPT Translation Mechanism" (28.2.2), in the steps of
 * "Prioritization of EPT Misconfigurations and EPT Violations" (28.2.3.3). Changes nothing but the
 * {@link WalkResult}.
 */
public final class EptWalk {
  /** Accessed flag for EPT. */
  public static final int ACCESSED = 1 << 8;

  /** Dirty flag for EPT. */
  public static final int DIRTY = 1 << 9;

  private static final long ADDRESS = BitRange.bits(51, 12);

  /** Of an entry that maps a 4-KByte page: sub-pages may be writable, under their control. */
  private static final long SUB_PAGES = BitRange.bit(61);

  /** Of an entry that maps a page: guest-paging verification applies to it, under its control. */
  private static final long VERIFY_PAGING = BitRange.bit(57);

  /** Bit of the exit qualification: the violation is one of guest-paging verification. */
  private static final int VERIFICATION = 1 << 15;

  private final PhysicalMemory memory;
  private final SubPagePermissions subPages;

  private @Nullable WalkObserver observer;
  private final @Nullable WalkCaches caches;

  /**
   * A walk through one memory.
   *
   * @param observer told of every entry read, or null
   * @param caches consulted before memory, or null: every entry is read
   */
  public EptWalk(
      PhysicalMemory memory, @Nullable WalkObserver observer, @Nullable WalkCaches caches) {
    this.memory = memory;
    subPages = new SubPagePermissions(memory);
    this.observer = observer;
    this.caches = caches;
  }

  /** Names who is told of every entry read from now on; null for nobody. */
  void observe(@Nullable WalkObserver newObserver) {
    observer = newObserver;
  }

  /**
   * Translates a guest-physical address that no linear address led to, such as that of the PDPTEs
   * that MOV CR loads: a read then, never treated as a write (28.2.3.2).
   *
   * @param access {@link Access#READ}, {@link Access#WRITE} or {@link Access#FETCH}
   */
  public Status walk(
      long eptp, EptFeatures features, long guestPhysicalAddress, int access, WalkResult result) {
    result.begin(0);
    int needed = EptRights.needed(access, false, features);
    return translate(eptp, features, guestPhysicalAddress, needed, 0, result);
  }

  /**
   * Translates a guest-physical address.
   *
   * @param needed {@link EptRights} the access needs; READ and WRITE both for an access to a guest
   *     paging structure that is treated as a write
   * @param origin bits 11:7 of the exit qualification, should the access be a violation
   */
  Status translate(
      long eptp, EptFeatures features, long gpa, int needed, int origin, WalkResult r) {
    WalkCaches.GuestPhysicalTranslation t = r.guestPhysical;
    boolean writes = (needed & EptRights.WRITE) != 0;
    boolean cached = caches != null && caches.findGuestPhysical(gpa, t) && (t.dirty || !writes);
    if (!cached) {
      Status status = readEntries(eptp, features, gpa, needed, origin, r);
      if (status != Status.OK) {
        return status;
      }
    }

    // 2. Once the ultimate physical address is determined, the privileges are evaluated.
    //    a. If the access is not allowed by these privileges, an EPT violation occurs.
    if (!allows(t.rights, needed)) {
      if (cached) {
        r.eptEntry = lastEntry(eptp, features, gpa);
      }
      Status status = subPageStatus(features, gpa, needed, t, r);
      if (status != Status.OK) {
        return status == Status.EPT_VIOLATION
            ? violation(features, gpa, t.rights, needed, origin, r)
            : status;
      }
      r.bySubPage = true;
    }
    //    b. Otherwise memory is accessed using the ultimate physical address.
    if (!cached) {
      finish(eptp, gpa, writes, t, r);
    }
    r.physicalAddress = t.frame | (gpa & ((1L << t.pageShift) - 1));
    r.eptRights = t.rights;
    r.eptDirty = t.dirty;
    r.eptPageShift = t.pageShift;
    r.eptMemoryTyping = t.memoryTyping;
    return Status.OK;
  }

  private static boolean allows(int rights, int needed) {
    int missing = needed & ~rights;
    boolean updates = (needed & rights & EptRights.PAGING_WRITE) != 0;
    return (missing & ~EptRights.PAGING_WRITE & (updates ? ~EptRights.WRITE : -1)) == 0;
  }

  /**
   * What sub-pages make of an access that its rights do not allow ("Write Accesses That Are
   * Eligible", 31.3.4.1): EPT_VIOLATION if nothing.
   */
  private Status subPageStatus(
      EptFeatures features,
      long gpa,
      int needed,
      WalkCaches.GuestPhysicalTranslation t,
      WalkResult r) {
    boolean eligible =
        features.controls().subPageTable() != TranslationControls.OFF
            && needed == EptRights.WRITE
            && t.pageShift == shift(1)
            && (r.eptEntry & SUB_PAGES) != 0;
    return eligible ? subPages.check(features, gpa, r) : Status.EPT_VIOLATION;
  }

  /**
   * "Guest-paging verification" of the page that a linear address has just been translated to:
   * false, with the violation in the result, if structures on the way were not in pages that guest
   * paging may update.
   */
  static boolean verifiesPaging(EptFeatures features, int needed, int origin, WalkResult r) {
    if (!features.walksFully()
        || !features.controls().verifies()
        || (r.eptEntry & VERIFY_PAGING) == 0
        || r.pagingWritable) {
      return true;
    }
    violation(features, r.guestPhysicalAddress, r.eptRights, needed, origin | VERIFICATION, r);
    return false;
  }

  /** Step 1, for each entry from the root (or a cached structure) to the one that maps the page. */
  private Status readEntries(
      long eptp, EptFeatures features, long gpa, int needed, int origin, WalkResult r) {
    WalkCaches.Table table = r.eptTable;
    int level = EptPointer.walkLength(eptp);
    long structure = EptPointer.root(eptp);
    int rights = features.accessRights();
    if (caches != null && caches.findEptTable(gpa, table)) {
      level = table.level;
      structure = table.address;
      rights = table.rights;
    } else {
      // Bits 51:48 must be 0 with 4-level EPT (2026-06 edition, 31.3.2); then nothing is read.
      if (level == 4 && gpa >>> 48 != 0) {
        r.eptEntry = 0;
        return violation(features, gpa, 0, needed, origin, r);
      }
    }
    boolean accessedFlags = EptPointer.accessedDirtyEnabled(eptp);
    while (true) {
      // 1. An EPT paging-structure entry is read.
      long address = structure | entryOffset(gpa, level);
      long entry = memory.readAligned64(address);
      r.eptEntry = entry;
      r.eptEntryReads++;
      if (observer != null) {
        observer.entryRead(Dimension.EPT, level, address, entry);
      }

      // 1a. If the entry is not present, an EPT violation occurs.
      if ((entry & features.accessRights()) == 0) {
        return violation(features, gpa, 0, needed, origin, r);
      }
      // 1b. If its contents are not configured properly, an EPT misconfiguration occurs.
      boolean mapsPage = features.mapsPage(level, entry);
      if (features.misconfigured(level, mapsPage, entry)) {
        r.guestPhysicalAddress = gpa;
        return r.end(Status.EPT_MISCONFIGURATION);
      }
      // 1c. Does the entry reference another EPT paging structure?
      boolean tablesWritable = (rights & EptRights.WRITE) != 0;
      rights &= (int) entry;
      if (mapsPage
          && tablesWritable
          && features.controls().pagingWrites()
          && (entry & EptFeatures.PAGING_WRITE_ACCESS) != 0) {
        rights |= EptRights.PAGING_WRITE;
      }
      if (mapsPage) { // ii) No: it produces the ultimate physical address.
        leaf(level, address, entry, rights, r);
        return Status.OK;
      }
      // i) Yes: an entry from that structure is accessed.
      if (accessedFlags && (entry & ACCESSED) == 0) {
        r.addUpdate(address, ACCESSED, gpa);
      }
      level--;
      structure = entry & ADDRESS;
      if (caches != null) {
        table.level = level;
        table.address = structure;
        table.guestPhysicalAddress = structure;
        table.rights = rights;
        caches.eptTableUsed(gpa, table);
      }
    }
  }

  /**
   * The entry that maps the page or is not present, as memory has it: what is cached lacks the bit
   * that suppresses virtualization exceptions.
   */
  private long lastEntry(long eptp, EptFeatures features, long gpa) {
    int level = EptPointer.walkLength(eptp);
    long entry = memory.readAligned64(EptPointer.root(eptp) | entryOffset(gpa, level));
    while ((entry & features.accessRights()) != 0 && !features.mapsPage(level, entry)) {
      level--;
      entry = memory.readAligned64((entry & ADDRESS) | entryOffset(gpa, level));
    }
    return entry;
  }

  /** Notes what the entry that maps the page says, and where that entry is. */
  private static void leaf(int level, long address, long entry, int rights, WalkResult r) {
    WalkCaches.GuestPhysicalTranslation t = r.guestPhysical;
    int shift = shift(level);
    t.frame = entry & ADDRESS & (-1L << shift);
    t.pageShift = shift;
    t.rights = rights;
    t.memoryTyping = (int) (entry >>> 3) & 15;
    r.eptTable.address = address; // of the entry that maps the page, for its flags
  }

  /** Sets the flags of the entry that maps the page, the access being allowed, and reports. */
  private void finish(
      long eptp, long gpa, boolean writes, WalkCaches.GuestPhysicalTranslation t, WalkResult r) {
    t.dirty = true;
    if (EptPointer.accessedDirtyEnabled(eptp)) {
      int flags = writes ? ACCESSED | DIRTY : ACCESSED;
      if ((r.eptEntry & flags) != flags) {
        r.addUpdate(r.eptTable.address, flags, gpa);
      }
      t.dirty = writes || (r.eptEntry & DIRTY) != 0;
    }
    if (caches != null) {
      caches.guestPhysicalTranslated(gpa, t);
    }
  }

  /** SDM table 27-7, Exit Qualification for EPT Violations. */
  static Status violation(
      EptFeatures features, long gpa, int rights, int needed, int origin, WalkResult r) {
    int accessType = needed == EptRights.USER_EXECUTE ? EptRights.EXECUTE : needed & 7;
    int userExecute = features.modeBasedExecute() ? (rights & EptRights.USER_EXECUTE) >>> 4 : 0;
    r.guestPhysicalAddress = gpa;
    r.exitQualification = accessType | ((rights & 7) << 3) | userExecute | origin;
    return r.end(Status.EPT_VIOLATION);
  }

  /** The address of a structure or page in an entry. */
  static long addressIn(long entry) {
    return entry & ADDRESS;
  }

  private static long entryOffset(long gpa, int level) {
    return gpa >>> (shift(level) - 3) & (511 << 3);
  }

  private static int shift(int level) {
    return 12 + 9 * (level - 1);
  }
}
