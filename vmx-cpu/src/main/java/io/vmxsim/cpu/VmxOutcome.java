package io.vmxsim.cpu;

/**
 * How a VMX instruction ended ("Conventions", 30.2). The first three have set RFLAGS; the others
 * have left it alone.
 */
public enum VmxOutcome {
  /** VMsucceed: CF, PF, AF, ZF, SF and OF are 0. */
  SUCCEED,
  /** VMfailInvalid: CF is 1. There is no current VMCS to hold an error number. */
  FAIL_INVALID,
  /** VMfailValid: ZF is 1, and the VM-instruction error field says why. */
  FAIL_VALID,
  /** #UD; nothing was changed. */
  INVALID_OPCODE,
  /** #GP(0); nothing was changed. */
  GENERAL_PROTECTION,
  /** Executed in VMX non-root operation: the VM exit has happened. */
  VM_EXIT,
  /**
   * The VM entry failed during or after loading guest state ("VM-Entry Failures During or After
   * Loading Guest State", 26.7): host state is loaded, bit 31 of the exit reason is 1.
   */
  ENTRY_FAILED
}
