package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.AccessRights;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.NotModelledException;

/**
 * Shadow paging: the processor walks tables of the VMM's that say what the guest's tables and the
 * memory slots say together. They are filled on page faults, and kept in step by write-protecting
 * the guest's tables.
 *
 * <p>To follow a page fault, read {@link #pageFault}, then {@link GuestTables} (what the guest
 * says), {@link #map} (the way down the shadow), {@link ShadowTables} (an entry and what points to
 * it). To follow a page-table write, read {@link #pageFault} up to EMULATE, then {@link
 * SharedShadows#guestWrote}.
 *
 * <p>The processor runs with paging on, CR0.WP = 1, and in PAE format where the guest has paging
 * off or 32-bit paging. The guest's accessed and dirty flags are set when an entry is filled; a
 * page that is not dirty is mapped read-only until it is written.
 */
public final class ShadowMmu {
  /** As many shadow pages as one fault can make: KVM's KVM_MIN_FREE_MMU_PAGES. */
  private static final int ROOM_FOR_A_FAULT = 5;

  /** In place of the level of the guest's last entry when paging is off: all levels are ours. */
  private static final int NO_GUEST_LEVELS = 6;

  /** Not canonical: no page fault is there. */
  private static final long NOWHERE = 1L << 62;

  private final Vm vm;
  private final Charges charges;
  private final GuestTables guest;
  private final PagingState state;
  private final int largestLevel;
  private final SharedShadows shared;
  private final ShadowTables tables;
  private final ShadowRoots roots;
  private final UnsyncTables unsync;
  private final WriteFlood flood;

  /** How often entries had been taken away when the processor's TLBs were last flushed for it. */
  private long losses;

  /**
   * Where the last fault was that looked like that of an implicit access, and could also be that of
   * a TLB which has not seen what another processor mapped: only the second one tells.
   */
  private long triedAgain = NOWHERE;

  /** What a page fault means to the VMM. */
  enum Fault {
    /** The shadow now permits the access: try it again. */
    RETRY,
    /** The guest's own tables forbid the access: {@link #guestErrorCode} goes to the guest. */
    GUEST,
    /** A permitted write that must not be let through: emulate it, then {@link #guestWrote}. */
    EMULATE,
    /** There is no memory at the address. */
    NO_MEMORY
  }

  /**
   * The shadow MMU of one virtual processor.
   *
   * @param guest the guest's tables and registers
   * @param pages1G whether the processor supports 1-GByte pages
   */
  ShadowMmu(Vm vm, VmOptions options, Charges charges, GuestTables guest, boolean pages1G) {
    this.vm = vm;
    this.charges = charges;
    this.guest = guest;
    this.state = guest.state();
    this.largestLevel = Math.min(level(options.hostPage()), pages1G ? 3 : 2);
    this.shared = vm.shadows(options, charges);
    this.tables = shared.tables();
    this.unsync = shared.unsync();
    this.flood = shared.flood();
    this.roots = new ShadowRoots(vm, state, tables, options.cachedRoots());
    shared.add(roots);
  }

  /**
   * The shadow MMU of a virtual processor on that kind of processor.
   *
   * @throws NotModelledException if the policy needs reserved bits and a 52-bit physical address
   *     leaves none
   */
  static ShadowMmu of(
      Vm vm, VmOptions options, Charges charges, GuestTables guest, CpuProfile profile) {
    if (options.shadowPolicy().bypassesNotPresent() && profile.cpuid().maxPhyAddr() == 52) {
      throw new NotModelledException("the bypass policy without reserved physical-address bits");
    }
    boolean pages1G = profile.cpuid().has(CpuidFeature.PAGE1GB);
    return new ShadowMmu(vm, options, charges, guest, pages1G);
  }

  private static int level(PageSize size) {
    return (size.shift() - 3) / 9;
  }

  // What the guest does to its registers and translation caches

  /** The guest's CR3 or paging mode changed: another root is in use, everything in step. */
  void loadRoot() {
    tables.workFor(charges);
    unsync.syncAll();
    shared.makeRoom(ROOM_FOR_A_FAULT);
    roots.load();
  }

  /** Whether the guest's paging mode translates that linear address. */
  boolean isCanonical(long linear) {
    int unused = state.mode() == PagingMode.FIVE_LEVEL ? 7 : 16;
    return linear << unused >> unused == linear;
  }

  /** The guest invalidates the translation of one linear address. */
  void invalidate(long linear) {
    tables.workFor(charges);
    ShadowPage page = roots.topIfAny(linear);
    while (page != null && page.level() > 1) {
      page = tables.child(page, index(linear, page.level()));
    }
    if (page != null && page.unsync) {
      shared.refresh(page, index(linear, 1));
    }
  }

  /** The guest invalidates all its translations. */
  void invalidateAll() {
    tables.workFor(charges);
    unsync.syncAll();
  }

  // What the processor runs with

  /** CR3: the root in use, host-physical. */
  long hardwareCr3() {
    tables.workFor(charges);
    return roots.inUse().table();
  }

  /** CR0 when the guest believes in {@code guest}: paging on, and read-only is for all. */
  static long hardwareCr0(long guest) {
    return guest | CpuState.CR0_PE | CpuState.CR0_PG | CpuState.CR0_WP;
  }

  /** CR4: PAE format unless the guest has more levels; PCIDs are not used. */
  static long hardwareCr4(long guest) {
    return (guest | CpuState.CR4_PAE) & ~CpuState.CR4_PCIDE;
  }

  /**
   * IA32_EFER: IA-32e mode exactly if the guest is in it, though paging is on; and always with
   * execute-disable, so that page faults tell fetches from reads.
   */
  static long hardwareEfer(long guest) {
    long mode = (guest & CpuState.EFER_LMA) != 0 ? 0 : CpuState.EFER_LME;
    return (guest & ~mode) | CpuState.EFER_NXE;
  }

  /**
   * The page faults that must exit, under BYPASS: those with one of these bits in the error code.
   * Where the guest's own faults would not tell fetches, fetches are among them.
   */
  int exitingFaults() {
    boolean tellsFetches =
        (state.cr4() & PagingState.CR4_SMEP) != 0
            || ((state.cr4() & PagingState.CR4_PAE) != 0
                && (state.efer() & PagingState.EFER_NXE) != 0);
    return AccessRights.PF_PRESENT | (tellsFetches ? 0 : AccessRights.PF_FETCH);
  }

  /** Whether the processor's TLBs may hold what the shadow, since the last flush, says no more. */
  boolean isStale() {
    return losses != tables.losses();
  }

  /** The same; its TLBs are flushed now. */
  boolean takeStale() {
    boolean stale = isStale();
    losses = tables.losses();
    return stale;
  }

  // Page faults

  /** As below, of an instruction's access. */
  Fault pageFault(long linear, int errorCode) {
    return pageFault(linear, errorCode, false);
  }

  /**
   * A page fault, by the address and the error code that the processor reports.
   *
   * @param delivering whether the delivery of an event made the access, which is not emulated: if
   *     it writes to a guest's table, the shadows of that go, as in KVM
   */
  Fault pageFault(long linear, int errorCode, boolean delivering) {
    tables.workFor(charges);
    int access = access(errorCode);
    WalkResult.Status status = guest.walk(linear, access);
    if (status == WalkResult.Status.PAGE_FAULT) {
      return Fault.GUEST;
    }
    if (status != WalkResult.Status.OK) {
      if (guest.tableOutsideMemory()) {
        throw new NotModelledException("a guest paging structure outside the guest's memory");
      }
      return Fault.NO_MEMORY;
    }
    if (Access.isWrite(access)) {
      if (!guest.entriesGrantWrite()) {
        return Fault.EMULATE; // allowed by CR0.WP = 0, which the processor does not run with
      }
      long frame = guest.guestPhysical() >>> 12;
      if (tables.pool().shadowsWithin(frame, 1) && !unsync.allow(frame)) {
        if (!flood.write(frame) && !delivering) {
          return Fault.EMULATE;
        }
        tables.zapShadowsOf(frame);
      }
    }
    shared.makeRoom(ROOM_FOR_A_FAULT);
    boolean changed = map(linear);
    flood.filled();
    if (changed || !isImplicit(linear, access, errorCode)) {
      triedAgain = NOWHERE;
      return Fault.RETRY;
    }
    boolean certain = !shared.hasSeveralProcessors() || triedAgain == linear;
    triedAgain = certain ? NOWHERE : linear;
    return certain ? Fault.GUEST : Fault.RETRY;
  }

  /**
   * Whether SMAP forbids an access that nothing else does, though RFLAGS.AC = 1: then it is an
   * implicit one, such as that of a descriptor, which the error code does not tell ("Determination
   * of Access Rights", 4.6.1).
   */
  private boolean isImplicit(long linear, int access, int errorCode) {
    return (errorCode & (AccessRights.PF_PRESENT | AccessRights.PF_USER)) == AccessRights.PF_PRESENT
        && (state.cr4() & PagingState.CR4_SMAP) != 0
        && guest.walk(linear, access | Access.IMPLICIT) == WalkResult.Status.PAGE_FAULT;
  }

  private static int access(int errorCode) {
    int kind =
        (errorCode & AccessRights.PF_FETCH) != 0
            ? Access.FETCH
            : (errorCode & AccessRights.PF_WRITE) != 0 ? Access.WRITE : Access.READ;
    return (errorCode & AccessRights.PF_USER) != 0 ? kind | Access.USER : kind;
  }

  /** After GUEST: the error code that the guest must see. */
  int guestErrorCode() {
    return guest.errorCode();
  }

  /**
   * Goes down the shadow, making what is missing, and maps what the last walk found.
   *
   * @return whether that was mapped otherwise before
   */
  private boolean map(long linear) {
    long guestPhysical = guest.guestPhysical();
    int guestLeaf = guest.leafLevel() == 0 ? NO_GUEST_LEVELS : guest.leafLevel();
    ShadowPage page = roots.top(linear);
    int level = page.level();
    int access = ShadowRole.ALL;
    while (!mapsAt(level, guestLeaf, guestPhysical)) {
      access &= grantedAt(level, guestLeaf);
      ShadowPage child =
          level > guestLeaf && guestLeaf != NO_GUEST_LEVELS
              ? tables.page(guest.tableFrame(level - 1, linear), role(level - 1, access, linear))
              : tables.page(
                  guestPhysical >>> 12 & -(1L << (9 * (level - 1))),
                  ShadowRole.ofDirect(level - 1, access, inPaeFormat()));
      tables.link(page, index(linear, level), child);
      page = child;
      level--;
    }
    access &= grantedAt(level, guestLeaf);
    if (shared.isProtected(guestPhysical >>> 12)) {
      access &= ~ShadowRole.WRITE;
    }
    long host = vm.toHost(guestPhysical) & -(1L << (9 * level + 3));
    boolean global = guest.global() && !page.direct(); // a direct page serves several mappings
    return tables.map(
        page, index(linear, level), ShadowEntry.page(host, level, access, global, true));
  }

  /** Whether the shadow maps a page at this level rather than going down further. */
  private boolean mapsAt(int level, int guestLeaf, long guestPhysical) {
    if (level == 1) {
      return true;
    }
    MemorySlot slot = vm.slot(guestPhysical);
    return level <= guestLeaf
        && level <= largestLevel
        && !(level == 3 && inPaeFormat())
        && slot != null
        && slot.backsWholePage(guestPhysical, 9 * level + 3)
        && !tables.pool().shadowsWithin(guestPhysical >>> 12, level);
  }

  /** What the guest's entry of this level grants, if the guest has one. */
  private int grantedAt(int level, int guestLeaf) {
    if (level < guestLeaf) {
      return ShadowRole.ALL;
    }
    int access = ShadowEntry.access(guest.entry(level));
    return level == guestLeaf && !guest.dirty() ? access & ~ShadowRole.WRITE : access;
  }

  private int role(int level, int access, long linear) {
    return state.mode() == PagingMode.BITS32
        ? ShadowRole.ofNarrow(level, access, (int) (linear >>> 21) & 1, state.cr4())
        : ShadowRole.of(level, access, inPaeFormat(), state.efer());
  }

  private boolean inPaeFormat() {
    return state.mode().topLevel() < 4;
  }

  private static int index(long linear, int level) {
    return (int) (linear >>> (9 * level + 3)) & (ShadowTables.ENTRIES - 1);
  }

  /** Guest memory was written on the guest's behalf: {@link SharedShadows#guestWrote}. */
  void guestWrote(long guestPhysical, int size) {
    shared.tables().workFor(charges);
    shared.guestWrote(guestPhysical, size);
  }

  // What it has come to

  /** Loads of CR3, in 4-level and 5-level paging, that found their root held. */
  public long rootHits() {
    return roots.hits();
  }

  /** Loads of CR3, in 4-level and 5-level paging, that had to find or make their root. */
  public long rootMisses() {
    return roots.misses();
  }

  /** Roots given up because others were used more recently, or because their page went. */
  public long rootFrees() {
    return roots.released();
  }

  /** Shadow pages there are now. */
  public int pages() {
    return tables.pool().size();
  }
}
