package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Takes the guest's registers out of the VMCS and the processor, for software that carries out an
 * instruction in the guest's place, and puts back what that has changed. General and extended
 * registers both have in common.
 */
final class GuestState {
  private static final long LOW_32 = 0xffff_ffffL;

  /** DR0 to DR3 and DR6, which the VMCS does not hold. */
  private static final int[] LIVE_DEBUG = {0, 1, 2, 3, 6};

  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final CpuState live;
  private final CpuState state;
  private final List<Row> rows = new ArrayList<>();

  /** A field of the VMCS and the register it stands for. */
  private static final class Row {
    final VmcsField field;
    final LongSupplier get;
    final LongConsumer set;
    long inVmcs;

    Row(VmcsField field, LongSupplier get, LongConsumer set) {
      this.field = field;
      this.get = get;
      this.set = set;
    }
  }

  /**
   * @param live the processor's registers, after a VM exit
   * @param state the registers to fill in
   */
  GuestState(CurrentVmcs vmcs, GuestControlRegisters control, CpuState live, CpuState state) {
    this.vmcs = vmcs;
    this.control = control;
    this.live = live;
    this.state = state;
    for (Segment segment : Segment.values()) {
      addSegment(segment);
    }
    add(VmcsField.GUEST_RIP, () -> state.rip, value -> state.rip = value);
    add(
        VmcsField.GUEST_RSP,
        () -> state.register(CpuState.RSP),
        value -> state.setRegister(CpuState.RSP, value));
    add(VmcsField.GUEST_RFLAGS, state::rflags, state::setRflags);
    add(VmcsField.GUEST_DR7, () -> state.debug[7], value -> state.debug[7] = value);
    add(VmcsField.GUEST_GDTR_BASE, () -> state.gdtrBase, value -> state.gdtrBase = value);
    add(VmcsField.GUEST_IDTR_BASE, () -> state.idtrBase, value -> state.idtrBase = value);
    add(
        VmcsField.GUEST_GDTR_LIMIT,
        () -> state.gdtrLimit & LOW_32,
        value -> state.gdtrLimit = (int) value);
    add(
        VmcsField.GUEST_IDTR_LIMIT,
        () -> state.idtrLimit & LOW_32,
        value -> state.idtrLimit = (int) value);
    add(
        VmcsField.GUEST_INTERRUPTIBILITY_STATE,
        () -> state.interruptibility,
        value -> state.interruptibility = (int) value);
    add(
        VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS,
        () -> state.pendingDebugExceptions,
        value -> state.pendingDebugExceptions = value);
  }

  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private void addSegment(Segment segment) {
    int i = segment.ordinal();
    add(
        segment.guestSelector(),
        () -> state.selectors[i],
        value -> state.selectors[i] = (int) value);
    add(segment.guestBase(), () -> state.bases[i], value -> state.bases[i] = value);
    add(
        segment.guestLimit(),
        () -> state.limits[i] & LOW_32,
        value -> state.limits[i] = (int) value);
    add(
        segment.guestAccessRights(),
        () -> state.accessRights[i],
        value -> state.accessRights[i] = (int) value);
  }

  private void add(VmcsField field, LongSupplier get, LongConsumer set) {
    rows.add(new Row(field, get, set));
  }

  /** Fills in all registers. */
  void load() {
    for (Row row : rows) {
      row.inVmcs = vmcs.read(row.field);
      row.set.accept(row.inVmcs);
    }
    control.refresh();
    PagingState guest = control.state();
    state.paging().setControlRegisters(guest.cr0(), guest.cr3(), guest.cr4(), guest.efer());
    state.paging().setPkru(live.paging().pkru());
    copyLive(live, state);
  }

  /** Puts back what has changed since {@link #load}. */
  void store() {
    for (Row row : rows) {
      long value = row.get.getAsLong();
      if (value != row.inVmcs) {
        vmcs.write(row.field, value);
      }
    }
    control.take(state);
    live.paging().setPkru(state.paging().pkru());
    copyLive(state, live);
  }

  /** Puts all registers into the VMCS, as a reset does. */
  void storeAll() {
    for (Row row : rows) {
      vmcs.write(row.field, row.get.getAsLong());
    }
    storeControlRegisters();
    live.paging().setPkru(state.paging().pkru());
    copyLive(state, live);
  }

  private void storeControlRegisters() {
    control.start(state.cr0(), state.cr3(), state.cr4(), state.efer());
  }

  private static void copyLive(CpuState from, CpuState to) {
    to.cr2 = from.cr2;
    to.xcr0 = from.xcr0;
    for (int register : LIVE_DEBUG) {
      to.debug[register] = from.debug[register];
    }
  }
}
