package io.vmxsim.cpu;

import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * The VM-entry interruption-information field ("VM-Entry Controls for Event Injection", 24.8.3).
 */
final class InjectedEvent {
  private static final int VECTOR = 0xff;
  private static final int RESERVED = 0x7ffff000;
  private static final int LAST_EXCEPTION = 31;
  private static final int MAX_INSTRUCTION_LENGTH = 15;

  private InjectedEvent() {}

  /** Whether the field asks for an external interrupt. */
  static boolean isExternalInterrupt(EntryFacts facts) {
    int information = (int) facts.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    return (information & VmExit.VALID) != 0
        && (information & VmExit.TYPE) == VmExit.EXTERNAL_INTERRUPT;
  }

  /** The requirements of "VM-Entry Control Fields" (26.2.1.3) on event injection. */
  static boolean isValid(EntryFacts facts) {
    int information = (int) facts.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    if ((information & VmExit.VALID) == 0) {
      return true;
    }
    return (information & RESERVED) == 0
        && vectorMatchesType(facts, information)
        && errorCodeMatches(facts, information)
        && lengthMatches(facts, information & VmExit.TYPE);
  }

  private static boolean vectorMatchesType(EntryFacts facts, int information) {
    int vector = information & VECTOR;
    return switch (information & VmExit.TYPE) {
      case VmExit.EXTERNAL_INTERRUPT,
          VmExit.SOFTWARE_INTERRUPT,
          VmExit.PRIVILEGED_SOFTWARE_EXCEPTION,
          VmExit.SOFTWARE_EXCEPTION ->
          true;
      case VmExit.NMI -> vector == EventDelivery.NMI;
      case VmExit.HARDWARE_EXCEPTION -> vector <= LAST_EXCEPTION;
      case VmExit.OTHER_EVENT ->
          vector == 0 && facts.capabilities().supports(PrimaryControl.MONITOR_TRAP_FLAG);
      default -> false;
    };
  }

  /** Deliver-error-code is 1 exactly for exceptions that push one, and never in real mode. */
  private static boolean errorCodeMatches(EntryFacts facts, int information) {
    boolean delivers = (information & VmExit.ERROR_CODE_VALID) != 0;
    boolean realMode =
        facts.on(SecondaryControl.UNRESTRICTED_GUEST)
            && (facts.get(VmcsField.GUEST_CR0) & CpuState.CR0_PE) == 0;
    boolean exception = (information & VmExit.TYPE) == VmExit.HARDWARE_EXCEPTION;
    boolean pushes = (EventDelivery.WITH_ERROR_CODE >>> (information & LAST_EXCEPTION) & 1) != 0;
    boolean fixed =
        realMode || !exception || !facts.capabilities().injectsExceptionsRegardlessOfErrorCode();
    boolean matches = !fixed || delivers == (!realMode && exception && pushes);
    // Bits 31:16: later editions; in the pinned one bit 15, the SGX bit of #PF, had to be 0 too.
    return matches && (!delivers || facts.get(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE) >>> 16 == 0);
  }

  private static boolean lengthMatches(EntryFacts facts, int type) {
    boolean software =
        type == VmExit.SOFTWARE_INTERRUPT
            || type == VmExit.SOFTWARE_EXCEPTION
            || type == VmExit.PRIVILEGED_SOFTWARE_EXCEPTION;
    long length = facts.get(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH);
    long shortest = facts.capabilities().injectsZeroLengthInstructions() ? 0 : 1;
    return !software || (length >= shortest && length <= MAX_INSTRUCTION_LENGTH);
  }
}
