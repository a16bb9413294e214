package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_ACTIVITY_STATE;
import static io.vmxsim.vmcs.VmcsField.GUEST_IA32_DEBUGCTL;
import static io.vmxsim.vmcs.VmcsField.GUEST_INTERRUPTIBILITY_STATE;
import static io.vmxsim.vmcs.VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS;
import static io.vmxsim.vmcs.VmcsField.GUEST_RFLAGS;
import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.matches;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;
import static io.vmxsim.vmcs.rules.RegisterBits.BLOCKING_BY_MOV_SS;
import static io.vmxsim.vmcs.rules.RegisterBits.BLOCKING_BY_NMI;
import static io.vmxsim.vmcs.rules.RegisterBits.BLOCKING_BY_SMI;
import static io.vmxsim.vmcs.rules.RegisterBits.BLOCKING_BY_STI;
import static io.vmxsim.vmcs.rules.RegisterBits.ENCLAVE_INTERRUPTION;
import static io.vmxsim.vmcs.rules.RegisterBits.PENDING_BS;
import static io.vmxsim.vmcs.rules.RegisterBits.PENDING_ENABLED_BREAKPOINT;
import static io.vmxsim.vmcs.rules.RegisterBits.PENDING_RTM;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PinControl;
import java.util.ArrayList;
import java.util.List;

/**
 * SDM (June 2016) 26.3.1.5 “Checks on Guest Non-Register State”: activity state, interruptibility
 * state, pending debug exceptions. The link pointer is in {@link LinkPointerRules}.
 */
final class GuestActivityRules {

  private static final long HLT = 1;
  private static final long SHUTDOWN = 2;
  private static final long WAIT_FOR_SIPI = 3;
  private static final int DEBUG_EXCEPTION = 1;
  private static final int MACHINE_CHECK = 18;

  /** Exit qualification: injection of an NMI into a guest with blocking by STI (26.7). */
  private static final long NMI_WITH_STI_BLOCKING = 3;

  private static final long INTERRUPTIBILITY_RESERVED = ~0x1FL;

  /** Bits 11:4, 13, 15 and 63:17. */
  private static final long PENDING_RESERVED = 0xFF0 | 1L << 13 | 1L << 15 | -1L << 17;

  /** Bits 11:0, 15:13 and 63:17. */
  private static final long PENDING_RESERVED_WITH_RTM = 0xFFF | 7L << 13 | -1L << 17;

  private GuestActivityRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_NON_REGISTER_STATE);
    activity(list);
    interruptibility(list);
    interruptibilityAndEvents(list);
    pendingDebugExceptions(list);
    List<EntryRule> rules = new ArrayList<>(list.rules());
    rules.addAll(LinkPointerRules.rules());
    return rules;
  }

  private static void activity(RuleList list) {
    list.rule("activity-supported", "The activity state must be one the processor supports.")
        .then(c -> isSupported(c, c.get(GUEST_ACTIVITY_STATE)), GUEST_ACTIVITY_STATE);
    list.rule("activity-hlt-dpl", "The activity state must not be HLT if the DPL of SS is not 0.")
        .when(matches(GUEST_ACTIVITY_STATE, -1L, HLT))
        .then(clear(SegmentRegister.SS.rights(), RegisterBits.ACCESS_DPL));
    list.rule(
            "activity-blocking",
            "The activity state must be active if there is blocking by STI or by MOV SS.")
        .when(not(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)))
        .then(clear(GUEST_ACTIVITY_STATE, -1L));
    list.rule(
            "activity-event",
            "The injected event must be one that the activity state does not block: any if active;"
                + " interrupts, NMIs, #DB, #MC and a pending MTF VM exit in HLT; NMIs and #MC in"
                + " shutdown; none in wait-for-SIPI.")
        .when(InjectedEvent.PRESENT)
        .then(
            c -> isAllowedIn(c.get(GUEST_ACTIVITY_STATE), InjectedEvent.information(c)),
            GUEST_ACTIVITY_STATE,
            VM_ENTRY_INTERRUPTION_INFORMATION);
    list.rule(
            "activity-entry-to-smm",
            "The activity state must not be wait-for-SIPI if “entry to SMM” is 1.")
        .when(on(EntryControl.ENTRY_TO_SMM))
        .then(not(matches(GUEST_ACTIVITY_STATE, -1L, WAIT_FOR_SIPI)));
  }

  private static boolean isSupported(EntryContext c, long state) {
    return state <= WAIT_FOR_SIPI && c.capabilities().supportsActivityState((int) state);
  }

  private static boolean isAllowedIn(long activity, long information) {
    int type = InterruptionInformation.typeCode(information);
    int vector = InterruptionInformation.vector(information);
    boolean nmi = type == EventType.NON_MASKABLE_INTERRUPT.code();
    boolean exception = type == EventType.HARDWARE_EXCEPTION.code();
    if (activity == HLT) {
      return nmi
          || type == EventType.EXTERNAL_INTERRUPT.code()
          || (exception && (vector == DEBUG_EXCEPTION || vector == MACHINE_CHECK))
          || (type == EventType.OTHER_EVENT.code() && vector == 0);
    }
    if (activity == SHUTDOWN) {
      return nmi || (exception && vector == MACHINE_CHECK);
    }
    return activity != WAIT_FOR_SIPI;
  }

  private static void interruptibility(RuleList list) {
    list.rule("interruptibility-reserved", "Bits 31:5 of the interruptibility state must be 0.")
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, INTERRUPTIBILITY_RESERVED));
    list.rule("sti-excludes-mov-ss", "There cannot be blocking both by STI and by MOV SS.")
        .then(not(set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)));
    list.rule("sti-needs-if", "There cannot be blocking by STI if RFLAGS.IF is 0.")
        .when(set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI))
        .then(set(GUEST_RFLAGS, RegisterBits.RFLAGS_IF));
    Condition inSmm = asking(EntryInput.SMM, c -> c.environment().isInSmm());
    list.rule("smi-blocking-in-smm", "There cannot be blocking by SMI outside SMM.")
        .when(set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_SMI))
        .then(inSmm);
    list.rule("smi-blocking-entry-to-smm", "“Entry to SMM” needs blocking by SMI.")
        .when(on(EntryControl.ENTRY_TO_SMM))
        .then(set(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_SMI));
    Condition enclave = set(GUEST_INTERRUPTIBILITY_STATE, ENCLAVE_INTERRUPTION);
    list.rule("enclave-mov-ss", "An enclave interruption excludes blocking by MOV SS.")
        .when(enclave)
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS));
    list.rule("enclave-sgx", "An enclave interruption needs a processor with SGX.")
        .when(enclave)
        .then(reading(c -> c.cpu().has(CpuFacts.Feature.SGX)));
  }

  private static void interruptibilityAndEvents(RuleList list) {
    list.rule(
            "interrupt-blocked",
            "An external interrupt cannot be injected with blocking by STI or by MOV SS.")
        .when(InjectedEvent.is(EventType.EXTERNAL_INTERRUPT))
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
    list.rule("nmi-blocked-by-mov-ss", "An NMI cannot be injected with blocking by MOV SS.")
        .when(InjectedEvent.is(EventType.NON_MASKABLE_INTERRUPT))
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS));
    list.rule("nmi-blocked-by-sti", "An NMI cannot be injected with blocking by STI.")
        .newer() // the pinned edition leaves it to the processor
        .qualified(NMI_WITH_STI_BLOCKING)
        .when(InjectedEvent.is(EventType.NON_MASKABLE_INTERRUPT))
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI));
    list.rule(
            "nmi-blocked-by-nmi",
            "An NMI cannot be injected with blocking by NMI if “virtual NMIs” is 1.")
        .when(on(PinControl.VIRTUAL_NMIS))
        .when(InjectedEvent.is(EventType.NON_MASKABLE_INTERRUPT))
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI));
  }

  private static void pendingDebugExceptions(RuleList list) {
    list.rule(
            "pending-debug-reserved",
            "Bits 11:4, 13, 15 and 63:17 of the pending debug exceptions must be 0.")
        .then(clear(GUEST_PENDING_DEBUG_EXCEPTIONS, PENDING_RESERVED));
    Condition held =
        not(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS))
            .or(matches(GUEST_ACTIVITY_STATE, -1L, HLT));
    Condition singleStepping =
        set(GUEST_RFLAGS, RegisterBits.RFLAGS_TF)
            .and(clear(GUEST_IA32_DEBUGCTL, RegisterBits.DEBUGCTL_BTF));
    list.rule(
            "pending-debug-bs-1",
            "With blocking by STI or MOV SS or in HLT, BS must be 1 if TF is 1 and BTF is 0.")
        .when(held.and(singleStepping))
        .then(set(GUEST_PENDING_DEBUG_EXCEPTIONS, PENDING_BS));
    list.rule(
            "pending-debug-bs-0",
            "With blocking by STI or MOV SS or in HLT, BS must be 0 if TF is 0 or BTF is 1.")
        .when(held.and(not(singleStepping)))
        .then(clear(GUEST_PENDING_DEBUG_EXCEPTIONS, PENDING_BS));
    Condition rtm = set(GUEST_PENDING_DEBUG_EXCEPTIONS, PENDING_RTM);
    list.rule(
            "pending-debug-rtm-reserved",
            "With RTM (bit 16), bits 11:0, 15:13 and 63:17 must be 0 and bit 12 must be 1.")
        .when(rtm)
        .then(
            matches(
                GUEST_PENDING_DEBUG_EXCEPTIONS,
                PENDING_RESERVED_WITH_RTM | PENDING_ENABLED_BREAKPOINT,
                PENDING_ENABLED_BREAKPOINT));
    list.rule("pending-debug-rtm-supported", "RTM (bit 16) needs a processor with RTM.")
        .when(rtm)
        .then(reading(c -> c.cpu().has(CpuFacts.Feature.RTM)));
    list.rule("pending-debug-rtm-mov-ss", "RTM (bit 16) excludes blocking by MOV SS.")
        .when(rtm)
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS));
  }
}
