package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;

import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/** SDM (June 2016) 26.2.3 “Checks on Host Segment and Descriptor-Table Registers”. */
final class HostSegmentRules {

  private HostSegmentRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.HOST_SEGMENTS);
    selector(list, "cs", VmcsField.HOST_CS_SELECTOR);
    selector(list, "ss", VmcsField.HOST_SS_SELECTOR);
    selector(list, "ds", VmcsField.HOST_DS_SELECTOR);
    selector(list, "es", VmcsField.HOST_ES_SELECTOR);
    selector(list, "fs", VmcsField.HOST_FS_SELECTOR);
    selector(list, "gs", VmcsField.HOST_GS_SELECTOR);
    selector(list, "tr", VmcsField.HOST_TR_SELECTOR);
    list.rule("host-cs-not-null", "The host selector field for CS cannot be 0000H.")
        .then(not(clear(VmcsField.HOST_CS_SELECTOR, 0xFFFF)));
    list.rule("host-tr-not-null", "The host selector field for TR cannot be 0000H.")
        .then(not(clear(VmcsField.HOST_TR_SELECTOR, 0xFFFF)));
    list.rule(
            "host-ss-not-null",
            "The host selector field for SS cannot be 0000H if “host address-space size” is 0.")
        .when(off(ExitControl.HOST_ADDRESS_SPACE_SIZE))
        .then(not(clear(VmcsField.HOST_SS_SELECTOR, 0xFFFF)));
    RegisterChecks checks = new RegisterChecks(list, "host");
    checks.canonical("fs-base", "FS base address", VmcsField.HOST_FS_BASE);
    checks.canonical("gs-base", "GS base address", VmcsField.HOST_GS_BASE);
    checks.canonical("gdtr-base", "GDTR base address", VmcsField.HOST_GDTR_BASE);
    checks.canonical("idtr-base", "IDTR base address", VmcsField.HOST_IDTR_BASE);
    checks.canonical("tr-base", "TR base address", VmcsField.HOST_TR_BASE);
    return list.rules();
  }

  private static void selector(RuleList list, String register, VmcsField selector) {
    list.rule(
            "host-" + register + "-rpl-ti",
            "The RPL and the TI flag of " + selector + " must be 0.")
        .then(clear(selector, RegisterBits.SELECTOR_RPL | RegisterBits.SELECTOR_TI));
  }
}
