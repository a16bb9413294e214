package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_CR0;
import static io.vmxsim.vmcs.VmcsField.GUEST_CR4;
import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE;
import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_INSTRUCTION_LENGTH;
import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.matches;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;

import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.List;

/** SDM (June 2016) 26.2.1.3 “VM-Entry Control Fields”. */
final class EntryControlRules {

  private static final long VECTOR = 0xFF;
  private static final long NMI_VECTOR = 2;
  private static final long LAST_EXCEPTION_VECTOR = 31;
  private static final long DELIVER_ERROR_CODE = 1L << 11;
  private static final long NESTED_EXCEPTION = 1L << 13;
  private static final long RESERVED = 0x7FFF_D000L; // bits 30:14 and 12
  private static final long LONGEST_INSTRUCTION = 15;

  /** #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
  private static final long WITH_ERROR_CODE =
      1L << 8 | 1L << 10 | 1L << 11 | 1L << 12 | 1L << 13 | 1L << 14 | 1L << 17;

  private static final int REPORTS_NESTED_EXCEPTIONS = 58; // of IA32_VMX_BASIC

  private EntryControlRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.ENTRY_CONTROLS);
    AllowedSettings.add(list, "entry-controls", "Each VM-entry control", ControlWord.VM_ENTRY);
    typeAndVector(list);
    errorCode(list);
    list.rule(
            "event-nested-exception",
            "Bit 13 of the VM-entry interruption information may be 1 only for a hardware exception"
                + " and if IA32_VMX_BASIC[58] is 1.")
        .newer()
        .when(InjectedEvent.PRESENT)
        .when(set(VM_ENTRY_INTERRUPTION_INFORMATION, NESTED_EXCEPTION))
        .then(
            InjectedEvent.is(EventType.HARDWARE_EXCEPTION)
                .and(
                    reading(
                        c ->
                            (c.capabilities().msr(VmxCapabilities.IA32_VMX_BASIC)
                                        >>> REPORTS_NESTED_EXCEPTIONS
                                    & 1)
                                != 0)));
    list.rule(
            "event-reserved",
            "Reserved bits 30:14 and 12 of the VM-entry interruption information must be 0.")
        .when(InjectedEvent.PRESENT)
        .then(clear(VM_ENTRY_INTERRUPTION_INFORMATION, RESERVED));
    list.rule(
            "event-error-code-reserved",
            "If the deliver-error-code bit is 1, bits 31:16 of the VM-entry exception error code"
                + " must be 0.")
        .newer() // the pinned edition has 31:15; bit 15 is now the SGX bit of #PF
        .when(InjectedEvent.PRESENT)
        .when(set(VM_ENTRY_INTERRUPTION_INFORMATION, DELIVER_ERROR_CODE))
        .then(clear(VM_ENTRY_EXCEPTION_ERROR_CODE, ~0xFFFFL));
    instructionLength(list);
    MsrAreas.add(
        list,
        "entry-msr-load-area",
        "VM-entry MSR-load",
        VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS,
        VmcsField.VM_ENTRY_MSR_LOAD_COUNT);
    smm(list);
    return list.rules();
  }

  private static void typeAndVector(RuleList list) {
    list.rule("event-type-1", "The event type (bits 10:8) must not be 1, which is reserved.")
        .when(InjectedEvent.PRESENT)
        .then(not(matches(VM_ENTRY_INTERRUPTION_INFORMATION, 7L << 8, 1L << 8)));
    list.rule(
            "event-type-7",
            "The event type must not be 7 (other event) unless the processor supports “monitor"
                + " trap flag” or FRED transitions.")
        .fallsWith("event-vector-other", "without both features no vector is defined either")
        .when(InjectedEvent.is(EventType.OTHER_EVENT))
        .then(c -> supportsMonitorTrapFlag(c) || c.cpu().has(CpuFacts.Feature.FRED));
    list.rule("event-vector-nmi", "If the event type is NMI, the vector must be 2.")
        .when(InjectedEvent.is(EventType.NON_MASKABLE_INTERRUPT))
        .then(matches(VM_ENTRY_INTERRUPTION_INFORMATION, VECTOR, NMI_VECTOR));
    list.rule(
            "event-vector-exception",
            "If the event type is hardware exception, the vector must be at most 31.")
        .when(InjectedEvent.is(EventType.HARDWARE_EXCEPTION))
        .then(
            c -> (InjectedEvent.information(c) & VECTOR) <= LAST_EXCEPTION_VECTOR,
            VM_ENTRY_INTERRUPTION_INFORMATION);
    list.rule(
            "event-vector-other",
            "If the event type is other event, the vector must be 0 (pending MTF VM exit) or, if"
                + " FRED transitions will be enabled, 1 (SYSCALL) or 2 (SYSENTER).")
        .when(InjectedEvent.is(EventType.OTHER_EVENT))
        .then(EntryControlRules::isOtherEventDefined, VM_ENTRY_INTERRUPTION_INFORMATION, GUEST_CR4);
  }

  private static boolean supportsMonitorTrapFlag(EntryContext c) {
    return c.capabilities().supports(PrimaryControl.MONITOR_TRAP_FLAG);
  }

  private static boolean isOtherEventDefined(EntryContext c) {
    return switch ((int) (InjectedEvent.information(c) & VECTOR)) {
      case 0 -> supportsMonitorTrapFlag(c);
      case 1, 2 -> c.all(GUEST_CR4, RegisterBits.CR4_FRED);
      default -> false;
    };
  }

  private static void errorCode(RuleList list) {
    Condition exception = InjectedEvent.is(EventType.HARDWARE_EXCEPTION);
    Condition protectedMode =
        off(SecondaryControl.UNRESTRICTED_GUEST).or(set(GUEST_CR0, RegisterBits.CR0_PE));
    Condition fixedByVector =
        reading(c -> !c.capabilities().injectsExceptionsRegardlessOfErrorCode());
    Condition vectorHasErrorCode =
        reading(
            c ->
                (WITH_ERROR_CODE >>> InterruptionInformation.vector(InjectedEvent.information(c))
                        & 1)
                    != 0,
            VM_ENTRY_INTERRUPTION_INFORMATION);
    Condition vectorIsException =
        reading(
            c -> (InjectedEvent.information(c) & VECTOR) <= LAST_EXCEPTION_VECTOR,
            VM_ENTRY_INTERRUPTION_INFORMATION);
    Condition delivers = set(VM_ENTRY_INTERRUPTION_INFORMATION, DELIVER_ERROR_CODE);
    list.rule(
            "event-error-code-due",
            "The deliver-error-code bit must be 1 for #DF, #TS, #NP, #SS, #GP, #PF and #AC unless"
                + " the guest will be in real-address mode or IA32_VMX_BASIC[56] is 1.")
        .when(exception)
        .when(protectedMode)
        .when(fixedByVector)
        .when(vectorIsException)
        .when(vectorHasErrorCode)
        .then(delivers);
    list.rule(
            "event-error-code-undue",
            "The deliver-error-code bit must be 0 if the event is no hardware exception, or the"
                + " guest will be in real-address mode, or the exception delivers no error code and"
                + " IA32_VMX_BASIC[56] is 0.")
        .when(InjectedEvent.PRESENT)
        .when(delivers)
        .then(
            exception
                .and(protectedMode)
                .and(not(fixedByVector).or(not(vectorIsException)).or(vectorHasErrorCode)));
  }

  private static void instructionLength(RuleList list) {
    list.rule(
            "event-instruction-length",
            "The VM-entry instruction length must be at most 15 for an event that an instruction"
                + " causes.")
        .when(InjectedEvent.hasInstructionLength())
        .then(
            c -> c.get(VM_ENTRY_INSTRUCTION_LENGTH) <= LONGEST_INSTRUCTION,
            VM_ENTRY_INSTRUCTION_LENGTH);
    list.rule(
            "event-instruction-length-0",
            "The VM-entry instruction length must not be 0 for an event that an instruction causes,"
                + " unless IA32_VMX_MISC[30] is 1.")
        .when(InjectedEvent.hasInstructionLength())
        .then(
            c ->
                c.get(VM_ENTRY_INSTRUCTION_LENGTH) != 0
                    || c.capabilities().injectsZeroLengthInstructions(),
            VM_ENTRY_INSTRUCTION_LENGTH);
  }

  private static void smm(RuleList list) {
    Condition inSmm = asking(EntryInput.SMM, c -> c.environment().isInSmm());
    list.rule("entry-to-smm-in-smm", "“Entry to SMM” must be 0 if the processor is not in SMM.")
        .when(on(EntryControl.ENTRY_TO_SMM))
        .fallsWith("smi-blocking-entry-to-smm", "outside SMM there is no blocking by SMI")
        .then(inSmm);
    list.rule(
            "deactivate-dual-monitor-in-smm",
            "“Deactivate dual-monitor treatment” must be 0 if the processor is not in SMM.")
        .when(on(EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT))
        .then(inSmm);
    list.rule(
            "entry-to-smm-excludes-deactivate",
            "“Entry to SMM” and “deactivate dual-monitor treatment” must not both be 1.")
        .when(on(EntryControl.ENTRY_TO_SMM))
        .then(off(EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT));
  }
}
