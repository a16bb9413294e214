package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.1.2 “VM-Exit Control Fields”, with 29.2.1.2 of June 2026. */
final class ExitControlFields extends Reading {

  ExitControlFields(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    if (!reservedBitsProper(VmcsField.VM_EXIT_CONTROLS, 0x483, 0x48F)) {
      return false;
    }
    if (exit(31) && !reservedBitsCleared(VmcsField.SECONDARY_VM_EXIT_CONTROLS, 0x493)) {
      return false;
    }
    // activate VMX-preemption timer; save VMX-preemption timer value
    if (!pin(6) && exit(22)) {
      return false;
    }
    return msrArea(VmcsField.VM_EXIT_MSR_STORE_ADDRESS, VmcsField.VM_EXIT_MSR_STORE_COUNT)
        && msrArea(VmcsField.VM_EXIT_MSR_LOAD_ADDRESS, VmcsField.VM_EXIT_MSR_LOAD_COUNT);
  }
}
