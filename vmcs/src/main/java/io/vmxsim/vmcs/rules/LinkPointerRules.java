package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.VMCS_LINK_POINTER;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.matches;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/**
 * The part of SDM (June 2016) 26.3.1.5 “Checks on Guest Non-Register State” on the VMCS link
 * pointer.
 */
final class LinkPointerRules {

  /** Exit qualification of failures due to the link pointer (26.7). */
  private static final long INVALID_LINK_POINTER = 4;

  private static final long NO_POINTER = -1;
  private static final long PAGE_OFFSET = 0xFFF;
  private static final long REVISION = 0x7FFF_FFFF;

  private static final Condition IN_USE = not(matches(VMCS_LINK_POINTER, -1L, NO_POINTER));
  private static final Condition IN_MEMORY =
      IN_USE
          .and(clear(VMCS_LINK_POINTER, PAGE_OFFSET))
          .and(reading(c -> c.isPhysicalAddress(c.get(VMCS_LINK_POINTER)), VMCS_LINK_POINTER));

  private LinkPointerRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_NON_REGISTER_STATE);
    rule(list, "link-pointer-aligned", "Bits 11:0 of the VMCS link pointer must be 0.")
        .when(IN_USE)
        .then(clear(VMCS_LINK_POINTER, PAGE_OFFSET));
    rule(
            list,
            "link-pointer-width",
            "The VMCS link pointer must not set any bits beyond the processor's physical-address"
                + " width.")
        .when(IN_USE)
        .then(c -> c.isPhysicalAddress(c.get(VMCS_LINK_POINTER)), VMCS_LINK_POINTER);
    region(list);
    pointers(list);
    return list.rules();
  }

  private static EntryRule.Draft rule(RuleList list, String id, String requirement) {
    return list.rule(id, requirement).qualified(INVALID_LINK_POINTER);
  }

  private static void region(RuleList list) {
    rule(
            list,
            "link-pointer-revision",
            "Bits 30:0 of the region the VMCS link pointer references must be the processor's VMCS"
                + " revision identifier.")
        .when(IN_MEMORY)
        .then(
            asking(
                EntryInput.LINKED_VMCS_REGION,
                c -> (firstWord(c) & REVISION) == c.capabilities().revisionId()));
    rule(
            list,
            "link-pointer-shadow",
            "Bit 31 of the region the VMCS link pointer references must be the setting of “VMCS"
                + " shadowing”.")
        .when(IN_MEMORY)
        .then(
            asking(
                    EntryInput.LINKED_VMCS_REGION,
                    c -> (firstWord(c) < 0) == c.on(SecondaryControl.VMCS_SHADOWING))
                .and(
                    reading(
                        c -> true,
                        VMCS_LINK_POINTER,
                        VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                        VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS)));
  }

  private static int firstWord(EntryContext c) {
    return c.environment().read32(c.get(VMCS_LINK_POINTER));
  }

  private static void pointers(RuleList list) {
    Condition returnsFromSmm =
        asking(EntryInput.SMM, c -> c.environment().isInSmm())
            .and(not(on(EntryControl.ENTRY_TO_SMM)));
    rule(
            list,
            "link-pointer-not-current",
            "The VMCS link pointer must not be the current-VMCS pointer, outside SMM or with"
                + " “entry to SMM”.")
        .when(IN_USE)
        .when(not(returnsFromSmm))
        .then(
            asking(
                EntryInput.CURRENT_VMCS_POINTER,
                c -> c.get(VMCS_LINK_POINTER) != c.environment().currentVmcsPointer()));
    rule(
            list,
            "link-pointer-not-executive",
            "The VMCS link pointer must not be the executive-VMCS pointer on a return from SMM.")
        .when(IN_USE)
        .when(returnsFromSmm)
        .then(
            asking(
                EntryInput.EXECUTIVE_VMCS_POINTER,
                c -> c.get(VMCS_LINK_POINTER) != c.environment().executiveVmcsPointer()));
  }
}
