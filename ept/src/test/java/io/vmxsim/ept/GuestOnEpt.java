package io.vmxsim.ept;

import io.vmxsim.ept.WalkResult.Status;

/**
 * A guest page at {@link #LINEAR} in any mode, with or without EPT beneath: the setting of the
 * examples. Guest-physical address x lies at physical address x + {@link #BACKING}.
 */
final class GuestOnEpt {
  static final long LINEAR = 0x4020_1000L;
  static final long PAGE = 0x8000_0000L;
  static final long BACKING = 4L << 30;
  static final long RW_USER = GuestTableBuilder.WRITE | GuestTableBuilder.USER;

  final PhysicalMemory memory = new PhysicalMemory(46);
  final PagingState state = new PagingState(46);
  final WalkResult result = new WalkResult();
  final GuestTableBuilder guest;
  final EptBuilder ept;
  boolean accessedDirty;
  EptFeatures features = EptFeatures.all(46);
  private final boolean nested;
  private final int pageShift;

  /** A guest page with given flags, in the mode's own paging structures. */
  GuestOnEpt(PagingMode mode, int pageShift, long flags, boolean nested) {
    this.nested = nested;
    this.pageShift = pageShift;
    this.ept = new EptBuilder(4, new TableArea(memory, 0, 0x10_0000));
    for (long gpa = 0; nested && gpa < 0x20_0000; gpa += 0x1000) {
      ept.map(gpa, BACKING + gpa, 12, EptRights.ALL); // the guest's paging structures
    }
    if (nested) {
      ept.map(PAGE, BACKING + PAGE, 12, EptRights.ALL);
    }
    this.guest = new GuestTableBuilder(mode, new TableArea(memory, nested ? BACKING : 0, 0x1000));
    guest.map(LINEAR, PAGE, pageShift, flags);
    boolean ia32e = mode.topLevel() >= 4;
    state.setControlRegisters(
        PagingState.CR0_PG | PagingState.CR0_WP,
        guest.root(),
        (mode == PagingMode.BITS32 ? PagingState.CR4_PSE : PagingState.CR4_PAE)
            | (mode == PagingMode.FIVE_LEVEL ? PagingState.CR4_LA57 : 0),
        (ia32e ? PagingState.EFER_LME : 0) | PagingState.EFER_NXE);
    for (int i = 0; mode == PagingMode.PAE && i < 4; i++) {
      state.setPdpte(i, guest.entry(guest.root() + 8L * i));
    }
  }

  static GuestOnEpt bare(PagingMode mode, int pageShift, long flags) {
    return new GuestOnEpt(mode, pageShift, flags, false);
  }

  static GuestOnEpt nested(long flags) {
    return new GuestOnEpt(PagingMode.FOUR_LEVEL, 12, flags, true);
  }

  Status access(int access) {
    return nested
        ? new NestedWalk(memory, null, null)
            .walk(state, ept.eptp(accessedDirty), features, LINEAR, access, result)
        : new GuestWalk(memory, null, null).walk(state, LINEAR, access, result);
  }

  /** The page-fault error code of an access, or -1 when it does not fault. */
  int errorCode(int access) {
    return access(access) == Status.PAGE_FAULT ? result.pageFaultErrorCode() : -1;
  }

  long guestEntry(int level) {
    return guest.entry(guest.entryAddress(LINEAR, level));
  }

  void setGuestEntry(int level, long entry) {
    guest.setEntry(guest.entryAddress(LINEAR, level), entry);
  }

  /** Level of the entry that maps the guest page. */
  int leafLevel() {
    return pageShift == 12 ? 1 : pageShift == 30 ? 3 : 2;
  }

  /** Guest-physical address of the entry used at a level. */
  long guestEntryAddress(int level) {
    return guest.entryAddress(LINEAR, level);
  }

  long eptEntry(long guestPhysical, int level) {
    return ept.entry(ept.entryAddress(guestPhysical, level));
  }

  void setEptEntry(long guestPhysical, int level, long entry) {
    ept.setEntry(ept.entryAddress(guestPhysical, level), entry);
  }
}
