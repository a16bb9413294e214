package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.VmcsField;

/**
 * “Reserved bits … must be set properly”: each control has a setting the capability MSRs allow.
 *
 * <p>Source: SDM (June 2016) Appendix A.2 “Reserved Controls and Default Settings” to A.5, A.11.
 */
final class AllowedSettings {

  private static final long MASK_32 = 0xFFFF_FFFFL;

  private AllowedSettings() {}

  /** Both rules of a vector that has controls which may have to be 1. */
  static void add(RuleList list, String id, String name, ControlWord word) {
    VmcsField field = word.field();
    list.rule(
            id + "-must-be-1",
            "%s must be 1 where MSR %XH has 1 in bits 31:0 (%XH if IA32_VMX_BASIC[55] is 1)."
                .formatted(name, word.capabilityMsr(), word.trueCapabilityMsr()))
        .then(c -> (~c.get(field) & ~c.capabilities().mayBeZero(word) & MASK_32) == 0, field);
    list.rule(
            id + "-must-be-0",
            "%s must be 0 where MSR %XH has 0 in bits 63:32 (%XH if IA32_VMX_BASIC[55] is 1)."
                .formatted(name, word.capabilityMsr(), word.trueCapabilityMsr()))
        .then(c -> (c.get(field) & ~c.capabilities().mayBeOne(word)) == 0, field);
  }

  /** The rule of a vector that another control activates: its controls may all be 0. */
  static EntryRule.Draft addActivated(
      RuleList list, String id, String name, Control activatedBy, ControlWord word) {
    return list.rule(
            id + "-must-be-0",
            "%s must be 0 where MSR %XH does not allow 1.".formatted(name, word.capabilityMsr()))
        .when(Condition.on(activatedBy));
  }

  /** The requirement of {@link #addActivated}. */
  static Condition allowed(ControlWord word) {
    VmcsField field = word.field();
    return Condition.reading(c -> (c.get(field) & ~c.capabilities().mayBeOne(word)) == 0, field);
  }
}
