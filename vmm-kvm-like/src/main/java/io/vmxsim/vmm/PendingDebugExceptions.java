package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.DebugRegisters;
import io.vmxsim.vmcs.VmcsField;

/**
 * The traps that an instruction leaves pending which the VMM has carried out in the guest's place:
 * VM entry has the guest take them ("Pending Debug Exceptions after VM Entry", 26.6.3).
 */
final class PendingDebugExceptions {
  /** Bit BS of the field (Table 24-4). */
  private static final long SINGLE_STEP = 1 << 14;

  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final CpuState state;

  /**
   * @param state the processor's registers, among them DR0 to DR3
   */
  PendingDebugExceptions(CurrentVmcs vmcs, GuestControlRegisters control, CpuState state) {
    this.vmcs = vmcs;
    this.control = control;
    this.state = state;
  }

  /** Where the guest single-steps, the instruction ends in a #DB. */
  void addSingleStep() {
    if ((vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.TF) != 0) {
      add(SINGLE_STEP);
    }
  }

  /** The guest's breakpoints on a port that it has just accessed by an exit. */
  void addPortBreakpoints(int port, int size) {
    long[] addresses = state.debug;
    if ((addresses[0] | addresses[1] | addresses[2] | addresses[3]) == 0) {
      return; // nobody uses them, and no VMREAD is needed to know
    }
    control.refresh();
    if ((control.state().cr4() & CpuState.CR4_DE) == 0) {
      return;
    }
    long met = DebugRegisters.onPort(addresses, vmcs.read(VmcsField.GUEST_DR7), port, size);
    if (met != 0) {
      add(met);
    }
  }

  private void add(long conditions) {
    long pending = vmcs.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS);
    vmcs.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, pending | conditions);
  }
}
