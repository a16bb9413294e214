package io.vmxsim.vmm;

import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.vmcs.VmcsField;

/**
 * The guest's model-specific registers, where RDMSR and WRMSR exit. Some are in the VMCS, some
 * belong to the virtual local APIC; of the rest the processor holds the guest's values while it
 * runs (they are swapped with the host's, and charged). What the processor does not have gets
 * #GP(0), and so does VMX.
 */
final class GuestMsrs {
  private static final int LVT_TIMER = 0x832;
  private static final int FIRST_VMX = 0x480;
  private static final int LAST_VMX = 0x493;

  private final CurrentVmcs vmcs;
  private final MsrFile msrs;
  private final GuestControlRegisters control;
  private final TscDeadline deadline;
  private long value;

  GuestMsrs(CurrentVmcs vmcs, MsrFile msrs, GuestControlRegisters control, TscDeadline deadline) {
    this.vmcs = vmcs;
    this.msrs = msrs;
    this.control = control;
    this.deadline = deadline;
  }

  /** RDMSR: false where the guest gets #GP(0), else {@link #value} is the MSR's. */
  boolean read(int number) {
    if (number == Msr.IA32_EFER.address()) {
      value = control.state().efer();
    } else if (number == Msr.IA32_PAT.address()) {
      value = vmcs.read(VmcsField.GUEST_IA32_PAT);
    } else if (number == LVT_TIMER) {
      value = deadline.lvtTimer();
    } else if (isHidden(number) || !msrs.read(number)) {
      return false;
    } else {
      value = msrs.value();
    }
    return true;
  }

  /** What the last successful {@link #read} read. */
  long value() {
    return value;
  }

  /** WRMSR: false where the guest gets #GP(0), and nothing changed. */
  boolean write(int number, long newValue) {
    if (number == Msr.IA32_EFER.address()) {
      return control.writeEfer(newValue);
    }
    if (number == LVT_TIMER) {
      deadline.setLvtTimer(newValue);
      return true;
    }
    if (isHidden(number)) {
      return false;
    }
    long host = number == Msr.IA32_PAT.address() ? msrs.get(Msr.IA32_PAT) : 0;
    if (!msrs.write(number, newValue)) {
      return false;
    }
    if (number == Msr.IA32_PAT.address()) { // loaded by VM entry and VM exit
      msrs.set(Msr.IA32_PAT, host);
      vmcs.write(VmcsField.GUEST_IA32_PAT, newValue);
    } else if (number == Msr.IA32_TSC_DEADLINE.address()) {
      deadline.set(newValue);
    }
    return true;
  }

  private static boolean isHidden(int number) {
    return (number >= FIRST_VMX && number <= LAST_VMX)
        || number == Msr.IA32_FEATURE_CONTROL.address();
  }
}
