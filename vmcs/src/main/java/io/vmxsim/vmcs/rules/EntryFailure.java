package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmInstructionError;
import org.jspecify.annotations.Nullable;

/**
 * How a VM entry that breaks a rule fails.
 *
 * <p>Source: SDM (June 2016) 26.1 “Basic VM-Entry Checks”, 26.2 “Checks on VMX Controls and
 * Host-State Area”, 26.7 “VM-Entry Failures During or After Loading Guest State”.
 */
public enum EntryFailure {
  /** RFLAGS.CF is 1; there is no current VMCS to hold an error number. */
  VM_FAIL_INVALID(null, null),
  MOV_SS_BLOCKING(VmInstructionError.VM_ENTRY_WITH_EVENTS_BLOCKED_BY_MOV_SS, null),
  NON_CLEAR_VMCS(VmInstructionError.VMLAUNCH_WITH_NON_CLEAR_VMCS, null),
  NON_LAUNCHED_VMCS(VmInstructionError.VMRESUME_WITH_NON_LAUNCHED_VMCS, null),
  CONTROLS(VmInstructionError.VM_ENTRY_WITH_INVALID_CONTROL_FIELDS, null),
  HOST_STATE(VmInstructionError.VM_ENTRY_WITH_INVALID_HOST_STATE_FIELDS, null),
  GUEST_STATE(null, ExitReason.INVALID_STATE),
  MSR_LOADING(null, ExitReason.MSR_LOAD_FAIL);

  private final @Nullable VmInstructionError error;
  private final @Nullable ExitReason reason;

  EntryFailure(@Nullable VmInstructionError error, @Nullable ExitReason reason) {
    this.error = error;
    this.reason = reason;
  }

  /** The error that VMfailValid reports; null if the failure is of another kind. */
  public @Nullable VmInstructionError error() {
    return error;
  }

  /** The basic exit reason, reported with bit 31 set; null if the failure is of another kind. */
  public @Nullable ExitReason exitReason() {
    return reason;
  }
}
