package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.rules.Condition.clear;

import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/** SDM (June 2016) 26.3.1.3 “Checks on Guest Descriptor-Table Registers”. */
final class GuestDescriptorTableRules {

  private static final long LIMIT_31_16 = 0xFFFF_0000L;

  private GuestDescriptorTableRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_DESCRIPTOR_TABLES);
    RegisterChecks checks = new RegisterChecks(list, "guest");
    checks.canonical("gdtr-base", "GDTR base address", VmcsField.GUEST_GDTR_BASE);
    checks.canonical("idtr-base", "IDTR base address", VmcsField.GUEST_IDTR_BASE);
    list.rule("guest-gdtr-limit", "Bits 31:16 of the GDTR limit must be 0.")
        .then(clear(VmcsField.GUEST_GDTR_LIMIT, LIMIT_31_16));
    list.rule("guest-idtr-limit", "Bits 31:16 of the IDTR limit must be 0.")
        .then(clear(VmcsField.GUEST_IDTR_LIMIT, LIMIT_31_16));
    return list.rules();
  }
}
