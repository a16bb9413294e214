package io.vmxsim.vmcs.rules;

/**
 * The processor that executes the VM-entry instruction, and memory, as the checks see them.
 *
 * <p>Any method may throw {@link UnknownInput#SIGNAL} where the answer is not known: a log of a
 * VMCS, for one, says nothing of memory.
 */
public interface EntryEnvironment {

  /** Nothing is known. */
  EntryEnvironment UNKNOWN = new EntryEnvironment() {};

  /** The current-VMCS pointer; all ones if there is no current VMCS. */
  default long currentVmcsPointer() {
    throw UnknownInput.SIGNAL;
  }

  /** The executive-VMCS pointer, which matters in SMM only. */
  default long executiveVmcsPointer() {
    throw UnknownInput.SIGNAL;
  }

  /** Whether there is blocking by MOV SS at the VM-entry instruction. */
  default boolean isBlockedByMovSs() {
    throw UnknownInput.SIGNAL;
  }

  /** Whether the VM-entry instruction is VMLAUNCH; else it is VMRESUME. */
  default boolean isLaunch() {
    throw UnknownInput.SIGNAL;
  }

  /** IA32_EFER.LMA. */
  default boolean isLongModeActive() {
    throw UnknownInput.SIGNAL;
  }

  /** Whether the processor is in system-management mode. */
  default boolean isInSmm() {
    throw UnknownInput.SIGNAL;
  }

  /** IA32_RTIT_CTL.TraceEn. */
  default boolean isTracing() {
    throw UnknownInput.SIGNAL;
  }

  /** The doubleword at a physical address within the processor's width. */
  default int read32(long address) {
    throw UnknownInput.SIGNAL;
  }

  /** The quadword at a physical address within the processor's width. */
  default long read64(long address) {
    throw UnknownInput.SIGNAL;
  }

  /**
   * Whether WRMSR at CPL 0 would fault, or the processor model refuses to load this MSR on VM
   * entries.
   */
  default boolean refusesWrmsr(int index, long value) {
    throw UnknownInput.SIGNAL;
  }
}
