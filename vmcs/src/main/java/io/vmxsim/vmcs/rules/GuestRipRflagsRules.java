package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_CR0;
import static io.vmxsim.vmcs.VmcsField.GUEST_RFLAGS;
import static io.vmxsim.vmcs.VmcsField.GUEST_RIP;
import static io.vmxsim.vmcs.VmcsField.GUEST_SSP;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.set;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EventType;
import java.util.List;

/** SDM (June 2016) 26.3.1.4 “Checks on Guest RIP and RFLAGS”. */
final class GuestRipRflagsRules {

  /** Bits 63:22, 15, 5 and 3. */
  private static final long RFLAGS_RESERVED_0 = -1L << 22 | 1L << 15 | 1L << 5 | 1L << 3;

  private static final long RFLAGS_RESERVED_1 = 1L << 1;

  private GuestRipRflagsRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_RIP_RFLAGS);
    Condition mode64 =
        on(EntryControl.IA_32E_MODE_GUEST)
            .and(set(SegmentRegister.CS.rights(), RegisterBits.ACCESS_L));
    list.rule(
            "guest-rip-high",
            "Bits 63:32 of RIP must be 0 if “IA-32e mode guest” is 0 or L of CS is 0.")
        .when(not(mode64))
        .then(clear(GUEST_RIP, RegisterBits.BITS_63_32));
    list.rule(
            "guest-rip-linear",
            "Bits 63:N of RIP must be identical in 64-bit mode, N the number of linear-address"
                + " bits.")
        .when(mode64)
        .then(c -> c.hasIdenticalBitsBeyondLinearWidth(c.get(GUEST_RIP)), GUEST_RIP);
    rflags(list);
    Condition cet = on(EntryControl.LOAD_CET_STATE);
    new RegisterChecks(list, "guest").shadowStackPointer(cet, GUEST_SSP);
    list.rule(
            "guest-ssp-linear",
            "Bits 63:N of SSP must be identical, N the number of linear-address bits.")
        .newer()
        .when(cet)
        .then(c -> c.hasIdenticalBitsBeyondLinearWidth(c.get(GUEST_SSP)), GUEST_SSP);
    return list.rules();
  }

  private static void rflags(RuleList list) {
    list.rule("guest-rflags-reserved-0", "RFLAGS bits 63:22, 15, 5 and 3 must be 0.")
        .then(clear(GUEST_RFLAGS, RFLAGS_RESERVED_0));
    list.rule("guest-rflags-reserved-1", "RFLAGS bit 1 must be 1.")
        .then(set(GUEST_RFLAGS, RFLAGS_RESERVED_1));
    list.rule("guest-rflags-vm", "RFLAGS.VM must be 0 if “IA-32e mode guest” is 1 or CR0.PE is 0.")
        .when(on(EntryControl.IA_32E_MODE_GUEST).or(clear(GUEST_CR0, RegisterBits.CR0_PE)))
        .then(clear(GUEST_RFLAGS, RegisterBits.RFLAGS_VM));
    list.rule("guest-rflags-if", "RFLAGS.IF must be 1 if an external interrupt is injected.")
        .when(InjectedEvent.is(EventType.EXTERNAL_INTERRUPT))
        .then(set(GUEST_RFLAGS, RegisterBits.RFLAGS_IF));
  }
}
