package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.ept.AccessRights;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.NestedWalk;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.WalkObserver;
import io.vmxsim.ept.WalkResult;

/**
 * The guest's page tables, walked by software with the guest's own registers and rules.
 *
 * <p>The walk is the architecture's own two-dimensional one, so there is no second set of paging
 * rules: beneath the guest's tables lies an image of the memory slots in EPT format that no
 * processor ever uses.
 */
final class GuestTables implements WalkObserver {
  private static final int MAX_LEVEL = 5;

  private final Vm vm;
  private final Charges charges;
  private final PagingState state;
  private final NestedWalk walk;
  private final EptFeatures features;
  private final long slots;
  private final WalkResult result = new WalkResult();
  private final long[] entries = new long[MAX_LEVEL + 1];
  private int lowest;

  /**
   * Walks for one virtual processor.
   *
   * @param state the guest's registers as the guest sees them
   */
  GuestTables(Vm vm, Charges charges, PagingState state) {
    this.vm = vm;
    this.charges = charges;
    this.state = state;
    this.walk = new NestedWalk(vm.memory(), this, null);
    this.features = EptFeatures.all(vm.memory().addressBits());
    this.slots = imageOfSlots(vm);
  }

  private static long imageOfSlots(Vm vm) {
    EptTables image = new EptTables(vm, 4);
    for (MemorySlot slot : vm.slots()) {
      long end = slot.guestBase() + slot.size();
      for (long at = slot.guestBase(); at < end; ) {
        PageSize size = slot.largestPage(at, PageSize.SIZE_1G);
        image.map(at, slot.toHost(at), size);
        at += size.bytes();
      }
    }
    return image.pointer(false);
  }

  /**
   * Walks for an access and sets the accessed and dirty flags that it sets.
   *
   * @param access as {@link io.vmxsim.ept.Access} codes it
   * @return OK, PAGE_FAULT, or EPT_VIOLATION if a table or the page lies where there is no memory
   */
  WalkResult.Status walk(long linear, int access) {
    lowest = 0;
    WalkResult.Status status = walk.walk(state, slots, features, linear, access, result);
    result.applyUpdates(vm.memory());
    return status;
  }

  @Override
  public void entryRead(Dimension dimension, int level, long entryAddress, long entry) {
    if (dimension == Dimension.GUEST) {
      entries[level] = entry;
      lowest = level;
      charges.once(Cost.VMM_TABLE_READ);
    }
  }

  /** The level of the entry that maps the page; 0 if paging is off. */
  int leafLevel() {
    return lowest;
  }

  /** The entry that was read at {@code level}; {@code leafLevel} or above. */
  long entry(int level) {
    return entries[level];
  }

  /** The guest frame of the table of {@code level} that the walk for {@code linear} read. */
  long tableFrame(int level, long linear) {
    PagingMode mode = state.mode();
    if (mode == PagingMode.PAE && level == 2) {
      return (state.pdpte((int) (linear >>> 30) & 3) & ShadowEntry.FRAME) >>> 12;
    }
    long holder = level == mode.topLevel() ? state.cr3() : entries[level + 1];
    return (holder & ShadowEntry.FRAME) >>> 12;
  }

  /** OK: where the page lies; EPT_VIOLATION: where there is no memory. */
  long guestPhysical() {
    return result.guestPhysicalAddress();
  }

  /** PAGE_FAULT: the error code that the guest must see. */
  int errorCode() {
    return result.pageFaultErrorCode();
  }

  /** EPT_VIOLATION: whether it is a table, not the page, that lies where there is no memory. */
  boolean tableOutsideMemory() {
    return (result.exitQualification() & WalkResult.TRANSLATION_OF_LINEAR_ADDRESS) == 0;
  }

  /** OK: whether a write of the page is allowed by its entries; CR0.WP = 0 may allow it anyway. */
  boolean entriesGrantWrite() {
    return (result.rights() & AccessRights.WRITE) != 0;
  }

  /** OK: whether the page's dirty flag is set. */
  boolean dirty() {
    return result.dirty();
  }

  /** OK: whether the translation is global. */
  boolean global() {
    return result.global();
  }

  PagingState state() {
    return state;
  }
}
