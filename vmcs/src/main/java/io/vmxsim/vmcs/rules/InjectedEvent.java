package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION;
import static io.vmxsim.vmcs.rules.Condition.matches;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;

/** The event to be injected, as conditions of rules: Table 24-13 of the SDM (June 2016). */
final class InjectedEvent {

  private static final long TYPE = 7L << 8;

  /** The valid bit of the VM-entry interruption-information field is 1. */
  static final Condition PRESENT =
      Condition.reading(
          c -> InterruptionInformation.isValid(information(c)), VM_ENTRY_INTERRUPTION_INFORMATION);

  private InjectedEvent() {}

  static long information(EntryContext context) {
    return context.get(VM_ENTRY_INTERRUPTION_INFORMATION);
  }

  /** An event is to be injected and has this type. */
  static Condition is(EventType type) {
    return PRESENT.and(matches(VM_ENTRY_INTERRUPTION_INFORMATION, TYPE, (long) type.code() << 8));
  }

  /** An event is to be injected and comes from an instruction, whose length then matters. */
  static Condition hasInstructionLength() {
    return PRESENT.and(
        Condition.reading(
            c -> hasInstructionLength(information(c)), VM_ENTRY_INTERRUPTION_INFORMATION));
  }

  private static boolean hasInstructionLength(long information) {
    int type = InterruptionInformation.typeCode(information);
    int vector = InterruptionInformation.vector(information);
    return (type >= EventType.SOFTWARE_INTERRUPT.code()
            && type <= EventType.SOFTWARE_EXCEPTION.code())
        // SYSCALL and SYSENTER under FRED (June 2026)
        || (type == EventType.OTHER_EVENT.code() && (vector == 1 || vector == 2));
  }
}
