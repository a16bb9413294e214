package io.vmxsim.cpu;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * The VM-entry interruption-information field ("VM-Entry Controls for Event Injection", 24.8.3).
 */
final class InjectedEvent {
  private static final long RESERVED = 0x7ffff000L;
  private static final int RESERVED_TYPE = 1;
  private static final int LAST_EXCEPTION = 31;
  private static final int MAX_INSTRUCTION_LENGTH = 15;

  private InjectedEvent() {}

  /** Whether the field asks for an external interrupt. */
  static boolean isExternalInterrupt(EntryFacts facts) {
    long information = facts.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    return InterruptionInformation.isValid(information)
        && InterruptionInformation.typeCode(information) == EventType.EXTERNAL_INTERRUPT.code();
  }

  /** The requirements of "VM-Entry Control Fields" (26.2.1.3) on event injection. */
  static boolean isValid(EntryFacts facts) {
    long information = facts.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    if (!InterruptionInformation.isValid(information)) {
      return true;
    }
    if ((information & RESERVED) != 0
        || InterruptionInformation.typeCode(information) == RESERVED_TYPE) {
      return false;
    }
    EventType type = InterruptionInformation.type(information);
    int vector = InterruptionInformation.vector(information);
    return vectorMatches(facts, type, vector)
        && errorCodeMatches(facts, type, vector, InterruptionInformation.hasErrorCode(information))
        && (!type.isSoftware() || lengthIsValid(facts));
  }

  private static boolean vectorMatches(EntryFacts facts, EventType type, int vector) {
    return switch (type) {
      case EXTERNAL_INTERRUPT,
          SOFTWARE_INTERRUPT,
          PRIVILEGED_SOFTWARE_EXCEPTION,
          SOFTWARE_EXCEPTION ->
          true;
      case NON_MASKABLE_INTERRUPT -> vector == EventDelivery.NMI;
      case HARDWARE_EXCEPTION -> vector <= LAST_EXCEPTION;
      case OTHER_EVENT ->
          vector == 0 && facts.capabilities().supports(PrimaryControl.MONITOR_TRAP_FLAG);
    };
  }

  /** Deliver-error-code is 1 exactly for exceptions that push one, and never in real mode. */
  private static boolean errorCodeMatches(
      EntryFacts facts, EventType type, int vector, boolean delivers) {
    boolean realMode =
        facts.on(SecondaryControl.UNRESTRICTED_GUEST)
            && (facts.get(VmcsField.GUEST_CR0) & CpuState.CR0_PE) == 0;
    boolean exception = type == EventType.HARDWARE_EXCEPTION && !realMode;
    boolean free = exception && facts.capabilities().injectsExceptionsRegardlessOfErrorCode();
    boolean pushes = exception && (EventDelivery.WITH_ERROR_CODE >>> vector & 1) != 0;
    // Bits 31:16: later editions; in the pinned one bit 15, the SGX bit of #PF, had to be 0 too.
    return (free || delivers == pushes)
        && (!delivers || facts.get(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE) >>> 16 == 0);
  }

  private static boolean lengthIsValid(EntryFacts facts) {
    long length = facts.get(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH);
    long shortest = facts.capabilities().injectsZeroLengthInstructions() ? 0 : 1;
    return length >= shortest && length <= MAX_INSTRUCTION_LENGTH;
  }
}
