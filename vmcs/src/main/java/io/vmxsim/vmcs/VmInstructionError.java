package io.vmxsim.vmcs;

import org.jspecify.annotations.Nullable;

/**
 * The errors VMfailValid reports in the VM-instruction error field.
 *
 * <p>Source: SDM (June 2016) 30.4 “VM Instruction Error Numbers”, Table 30-1.
 */
public enum VmInstructionError {
  VMCALL_IN_VMX_ROOT_OPERATION(1, "VMCALL executed in VMX root operation"),
  VMCLEAR_WITH_INVALID_PHYSICAL_ADDRESS(2, "VMCLEAR with invalid physical address"),
  VMCLEAR_WITH_VMXON_POINTER(3, "VMCLEAR with VMXON pointer"),
  VMLAUNCH_WITH_NON_CLEAR_VMCS(4, "VMLAUNCH with non-clear VMCS"),
  VMRESUME_WITH_NON_LAUNCHED_VMCS(5, "VMRESUME with non-launched VMCS"),
  VMRESUME_AFTER_VMXOFF(
      6, "VMRESUME after VMXOFF (VMXOFF and VMXON between VMLAUNCH and VMRESUME)"),
  VM_ENTRY_WITH_INVALID_CONTROL_FIELDS(7, "VM entry with invalid control field(s)"),
  VM_ENTRY_WITH_INVALID_HOST_STATE_FIELDS(8, "VM entry with invalid host-state field(s)"),
  VMPTRLD_WITH_INVALID_PHYSICAL_ADDRESS(9, "VMPTRLD with invalid physical address"),
  VMPTRLD_WITH_VMXON_POINTER(10, "VMPTRLD with VMXON pointer"),
  VMPTRLD_WITH_INCORRECT_VMCS_REVISION_IDENTIFIER(
      11, "VMPTRLD with incorrect VMCS revision identifier"),
  UNSUPPORTED_VMCS_COMPONENT(12, "VMREAD/VMWRITE from/to unsupported VMCS component"),
  VMWRITE_TO_READ_ONLY_VMCS_COMPONENT(13, "VMWRITE to read-only VMCS component"),
  VMXON_IN_VMX_ROOT_OPERATION(15, "VMXON executed in VMX root operation"),
  VM_ENTRY_WITH_INVALID_EXECUTIVE_VMCS_POINTER(16, "VM entry with invalid executive-VMCS pointer"),
  VM_ENTRY_WITH_NON_LAUNCHED_EXECUTIVE_VMCS(17, "VM entry with non-launched executive VMCS"),
  VM_ENTRY_WITH_EXECUTIVE_VMCS_POINTER_NOT_VMXON_POINTER(
      18, "VM entry with executive-VMCS pointer not VMXON pointer"),
  VMCALL_WITH_NON_CLEAR_VMCS(19, "VMCALL with non-clear VMCS"),
  VMCALL_WITH_INVALID_VM_EXIT_CONTROL_FIELDS(20, "VMCALL with invalid VM-exit control fields"),
  VMCALL_WITH_INCORRECT_MSEG_REVISION_IDENTIFIER(
      22, "VMCALL with incorrect MSEG revision identifier"),
  VMXOFF_UNDER_DUAL_MONITOR_TREATMENT(23, "VMXOFF under dual-monitor treatment of SMIs and SMM"),
  VMCALL_WITH_INVALID_SMM_MONITOR_FEATURES(24, "VMCALL with invalid SMM-monitor features"),
  VM_ENTRY_WITH_INVALID_CONTROL_FIELDS_IN_EXECUTIVE_VMCS(
      25, "VM entry with invalid VM-execution control fields in executive VMCS"),
  VM_ENTRY_WITH_EVENTS_BLOCKED_BY_MOV_SS(26, "VM entry with events blocked by MOV SS"),
  INVALID_OPERAND_TO_INVEPT_INVVPID(28, "Invalid operand to INVEPT/INVVPID");

  private final int number;
  private final String description;

  VmInstructionError(int number, String description) {
    this.number = number;
    this.description = description;
  }

  /** The value of the VM-instruction error field. */
  public int number() {
    return number;
  }

  /** The SDM's words. */
  public String description() {
    return description;
  }

  /** The error with this number; null if none is defined. */
  public static @Nullable VmInstructionError of(long number) {
    for (VmInstructionError error : values()) {
      if (error.number == number) {
        return error;
      }
    }
    return null;
  }
}
