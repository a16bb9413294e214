package io.vmxsim.vmm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shadow paging structures of one virtual machine, which its processors share: a guest table is
 * write-protected whoever shadowed it first, and a write by any of them brings what all of them
 * walk in step. Roots, which follow from registers, are each processor's own.
 */
final class SharedShadows {
  private static final int LEAST_PAGES = 64;

  private static final long MAPS_A_PAGE = ShadowEntry.PRESENT | ShadowEntry.ACCESSED;

  private final Vm vm;
  private final ShadowPolicy policy;
  private final int mostPages;
  private final ShadowTables tables;
  private final UnsyncTables unsync;
  private final WriteFlood flood;
  private final List<ShadowRoots> roots = new ArrayList<>();

  SharedShadows(Vm vm, VmOptions options, Charges first) {
    this.vm = vm;
    policy = options.shadowPolicy();
    mostPages = options.shadowPages() > 0 ? options.shadowPages() : defaultPages(vm);
    tables = new ShadowTables(vm, first, policy.bypassesNotPresent(), this::forgetRootsOf);
    unsync = new UnsyncTables(options.unsync(), tables, this::refresh);
    flood = new WriteFlood(options.writeFlood(), tables);
  }

  private static int defaultPages(Vm vm) {
    long guestPages = vm.slots().stream().mapToLong(slot -> slot.size() >>> 12).sum();
    return (int) Math.max(guestPages / 50, LEAST_PAGES);
  }

  /** Roots of one more processor. */
  void add(ShadowRoots ofProcessor) {
    roots.add(ofProcessor);
  }

  /** Whether what one processor maps may be new to another. */
  boolean hasSeveralProcessors() {
    return roots.size() > 1;
  }

  private void forgetRootsOf(ShadowPage page) {
    roots.forEach(ofProcessor -> ofProcessor.forget(page));
  }

  ShadowTables tables() {
    return tables;
  }

  UnsyncTables unsync() {
    return unsync;
  }

  WriteFlood flood() {
    return flood;
  }

  /** Zaps the oldest shadow pages until {@code room} more can be made. */
  void makeRoom(int room) {
    tables.makeRoom(room, mostPages);
  }

  /** Whether a write of the frame must exit. */
  boolean isProtected(long guestFrame) {
    @Nullable ShadowPage shadow = tables.pool().shadowsOf(guestFrame);
    while (shadow != null && shadow.unsync) {
      shadow = shadow.sibling;
    }
    return shadow != null;
  }

  /**
   * Guest memory was written on the guest's behalf, at a guest-physical address, within one page:
   * the shadows of the entries there follow, as the policy says.
   */
  void guestWrote(long guestPhysical, int size) {
    int offset = (int) guestPhysical & 0xfff;
    for (ShadowPage page = tables.pool().shadowsOf(guestPhysical >>> 12);
        page != null;
        page = page.sibling) {
      int entrySize = ShadowRole.guestEntrySize(page.role);
      for (int at = offset & -entrySize; at < offset + size; at += entrySize) {
        int index = ShadowRole.shadowIndex(page.role, at);
        for (int i = 0; index >= 0 && i < ShadowRole.spread(page.role); i++) {
          refresh(page, index + i);
        }
      }
    }
  }

  /** Brings one shadow entry in step with the guest's. */
  void refresh(ShadowPage page, int index) {
    if (page.level() > 1) {
      tables.drop(page, index);
      return;
    }
    long guestEntry = tables.guestEntry(page, index);
    if ((guestEntry & ShadowEntry.PRESENT) == 0) {
      tables.dropNotPresent(page, index);
    } else if (!(policy.updatesOnWrite() || page.unsync) || !update(page, index, guestEntry)) {
      tables.drop(page, index);
    }
  }

  /**
   * Maps what a last-level guest entry says, if it has been used; false if nothing may be mapped.
   * Where CR4.PGE is 0, the processor ignores that it is global.
   */
  private boolean update(ShadowPage page, int index, long guestEntry) {
    long guestPhysical = guestEntry & ShadowEntry.FRAME;
    if ((guestEntry & MAPS_A_PAGE) != MAPS_A_PAGE
        || hasReservedBits(page, guestEntry)
        || !vm.hasMemory(guestPhysical)) {
      return false;
    }
    int access = ShadowRole.access(page.role) & ShadowEntry.access(guestEntry);
    if ((guestEntry & ShadowEntry.DIRTY) == 0 || isProtected(guestPhysical >>> 12)) {
      access &= ~ShadowRole.WRITE;
    }
    boolean global = (guestEntry & ShadowEntry.GLOBAL) != 0;
    tables.map(page, index, ShadowEntry.page(vm.toHost(guestPhysical), 1, access, global, false));
    flood.updated(page, index);
    return true;
  }

  /** Reserved bits of a PTE besides its frame: SDM "Paging", tables 4-11 and 4-19. */
  private static boolean hasReservedBits(ShadowPage page, long guestEntry) {
    boolean noExecute = (guestEntry & ShadowEntry.NO_EXECUTE) != 0;
    return (noExecute && !ShadowRole.executeDisable(page.role))
        || (ShadowRole.pae(page.role) && (guestEntry >>> 52 & 0x7ff) != 0);
  }
}
