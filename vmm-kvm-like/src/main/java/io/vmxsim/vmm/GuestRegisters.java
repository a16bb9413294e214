package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * The guest's registers as a VM exit leaves them: those that the VMCS holds there, the others in
 * the processor, and CR8 in the guest's local APIC.
 */
final class GuestRegisters {
  private final CurrentVmcs vmcs;
  private final CpuState state;
  private final GuestControlRegisters control;
  private final @Nullable LocalApic apic;

  /**
   * @param state the processor's
   * @param apic null where the guest has none
   */
  GuestRegisters(
      CurrentVmcs vmcs, CpuState state, GuestControlRegisters control, @Nullable LocalApic apic) {
    this.vmcs = vmcs;
    this.state = state;
    this.control = control;
    this.apic = apic;
  }

  /** A general register. */
  long get(int number) {
    return number == CpuState.RSP ? vmcs.read(VmcsField.GUEST_RSP) : state.register(number);
  }

  /** Sets a general register. */
  void set(int number, long value) {
    if (number == CpuState.RSP) {
      vmcs.write(VmcsField.GUEST_RSP, value);
    } else {
      state.setRegister(number, value);
    }
  }

  /** The privilege level, 0 to 3. */
  int cpl() {
    return (int) (vmcs.read(VmcsField.GUEST_SS_ACCESS_RIGHTS) >>> 5) & 3;
  }

  /** Whether the guest is in 64-bit mode. */
  boolean is64Bit() {
    return (control.state().efer() & CpuState.EFER_LMA) != 0
        && (vmcs.read(VmcsField.GUEST_CS_ACCESS_RIGHTS) & Segment.LONG) != 0;
  }

  /** CR8. */
  int taskPriority() {
    return apic == null ? (int) state.cr8 : apic.taskPriority() >>> 4;
  }

  /** Sets CR8, 0 to 15. */
  boolean setTaskPriority(int priority) {
    if (apic == null) {
      state.cr8 = priority;
    } else {
      apic.setTaskPriority(priority << 4);
    }
    return true;
  }

  /** Moves RIP past an instruction, which also ends blocking by STI and MOV SS. */
  void skip(long length) {
    vmcs.write(VmcsField.GUEST_RIP, vmcs.read(VmcsField.GUEST_RIP) + length);
    vmcs.clear(VmcsField.GUEST_INTERRUPTIBILITY_STATE, EventInjection.BLOCKED_BY_STI_OR_MOV_SS);
  }
}
