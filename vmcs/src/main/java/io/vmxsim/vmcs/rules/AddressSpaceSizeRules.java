package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.HOST_CR4;
import static io.vmxsim.vmcs.VmcsField.HOST_IA32_INTERRUPT_SSP_TABLE_ADDR;
import static io.vmxsim.vmcs.VmcsField.HOST_IA32_S_CET;
import static io.vmxsim.vmcs.VmcsField.HOST_RIP;
import static io.vmxsim.vmcs.VmcsField.HOST_SSP;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.set;
import static io.vmxsim.vmcs.rules.RegisterBits.BITS_63_32;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import java.util.List;

/** SDM (June 2016) 26.2.4 “Checks Related to Address-Space Size”. */
final class AddressSpaceSizeRules {

  private static final Condition IA_32E_MODE =
      asking(EntryInput.LONG_MODE_ACTIVE, c -> c.environment().isLongModeActive());
  private static final Condition GUEST_64 = on(EntryControl.IA_32E_MODE_GUEST);
  private static final Condition HOST_64 = on(ExitControl.HOST_ADDRESS_SPACE_SIZE);
  private static final Condition HOST_32 = off(ExitControl.HOST_ADDRESS_SPACE_SIZE);

  private AddressSpaceSizeRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.ADDRESS_SPACE_SIZE);
    list.rule(
            "ia32e-guest-needs-ia32e-mode",
            "“IA-32e mode guest” must be 0 if the processor is outside IA-32e mode.")
        .when(not(IA_32E_MODE))
        .fallsWith(
            "host-size-needs-ia32e-mode",
            "“IA-32e mode guest” needs “host address-space size”, which needs IA-32e mode itself")
        .then(not(GUEST_64));
    list.rule(
            "host-size-needs-ia32e-mode",
            "“Host address-space size” must be 0 if the processor is outside IA-32e mode.")
        .when(not(IA_32E_MODE))
        .then(HOST_32);
    list.rule(
            "ia32e-mode-needs-host-size",
            "“Host address-space size” must be 1 if the processor is in IA-32e mode.")
        .when(IA_32E_MODE)
        .then(HOST_64);
    narrow(list);
    wide(list);
    RegisterChecks checks = new RegisterChecks(list, "host");
    checks.newerCanonical(
        "interrupt-ssp-table",
        "IA32_INTERRUPT_SSP_TABLE_ADDR",
        on(ExitControl.LOAD_CET_STATE),
        HOST_IA32_INTERRUPT_SSP_TABLE_ADDR);
    return list.rules();
  }

  private static void narrow(RuleList list) {
    list.rule(
            "ia32e-guest-needs-host-size",
            "“IA-32e mode guest” must be 0 if “host address-space size” is 0.")
        .when(HOST_32)
        .fallsWith(
            "ia32e-guest-needs-ia32e-mode",
            "with “host address-space size” 0 the processor cannot be in IA-32e mode")
        .then(not(GUEST_64));
    list.rule("host-32-pcide", "Host CR4.PCIDE must be 0 if “host address-space size” is 0.")
        .when(HOST_32)
        .then(clear(HOST_CR4, RegisterBits.CR4_PCIDE));
    list.rule("host-32-fred", "Host CR4.FRED must be 0 if “host address-space size” is 0.")
        .newer()
        .when(HOST_32)
        .then(clear(HOST_CR4, RegisterBits.CR4_FRED));
    list.rule("host-32-rip", "Bits 63:32 of host RIP must be 0 if “host address-space size” is 0.")
        .when(HOST_32)
        .then(clear(HOST_RIP, BITS_63_32));
    list.rule(
            "host-32-s-cet",
            "Bits 63:32 of host IA32_S_CET must be 0 if “host address-space size” is 0.")
        .newer()
        .when(HOST_32)
        .when(on(ExitControl.LOAD_CET_STATE))
        .then(clear(HOST_IA32_S_CET, BITS_63_32));
    list.rule("host-32-ssp", "Bits 63:32 of host SSP must be 0 if “host address-space size” is 0.")
        .newer()
        .when(HOST_32)
        .when(on(ExitControl.LOAD_CET_STATE))
        .then(clear(HOST_SSP, BITS_63_32));
  }

  private static void wide(RuleList list) {
    list.rule("host-64-pae", "Host CR4.PAE must be 1 if “host address-space size” is 1.")
        .when(HOST_64)
        .then(set(HOST_CR4, RegisterBits.CR4_PAE));
    list.rule("host-64-rip", "Host RIP must be canonical if “host address-space size” is 1.")
        .when(HOST_64)
        .then(c -> c.isCanonical(c.get(HOST_RIP)), HOST_RIP);
    Condition cet = HOST_64.and(on(ExitControl.LOAD_CET_STATE));
    RegisterChecks checks = new RegisterChecks(list, "host");
    checks.newerCanonical("s-cet", "IA32_S_CET", cet, HOST_IA32_S_CET);
    checks.newerCanonical("ssp", "SSP", cet, HOST_SSP);
  }
}
