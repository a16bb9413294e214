package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_RFLAGS;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.matches;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;
import static io.vmxsim.vmcs.rules.RegisterBits.ACCESS_G;
import static io.vmxsim.vmcs.rules.SegmentRegister.CODE_AND_DATA;
import static io.vmxsim.vmcs.rules.SegmentRegister.CS;
import static io.vmxsim.vmcs.rules.SegmentRegister.DS;
import static io.vmxsim.vmcs.rules.SegmentRegister.ES;
import static io.vmxsim.vmcs.rules.SegmentRegister.FS;
import static io.vmxsim.vmcs.rules.SegmentRegister.GS;
import static io.vmxsim.vmcs.rules.SegmentRegister.LDTR;
import static io.vmxsim.vmcs.rules.SegmentRegister.SS;
import static io.vmxsim.vmcs.rules.SegmentRegister.TR;

import io.vmxsim.vmcs.SecondaryControl;
import java.util.List;

/**
 * SDM (June 2016) 26.3.1.2 “Checks on Guest Segment Registers”: selectors, base addresses, limits,
 * and the access rights that all registers have in common. {@link GuestAccessRightsRules} has types
 * and privilege levels.
 */
final class GuestSegmentRules {

  /** “The guest will be virtual-8086.” */
  static final Condition VIRTUAL_8086 = set(GUEST_RFLAGS, RegisterBits.RFLAGS_VM);

  static final Condition NOT_VIRTUAL_8086 = clear(GUEST_RFLAGS, RegisterBits.RFLAGS_VM);
  static final Condition RESTRICTED = off(SecondaryControl.UNRESTRICTED_GUEST);

  private static final long LIMIT_OF_VIRTUAL_8086 = 0xFFFF;
  private static final long RIGHTS_OF_VIRTUAL_8086 = 0xF3;
  private static final long LIMIT_11_0 = 0xFFF;
  private static final long LIMIT_31_20 = 0xFFF0_0000L;

  private GuestSegmentRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_SEGMENTS);
    selectors(list);
    bases(list);
    virtual8086(list);
    GuestAccessRightsRules.addTypes(list);
    for (SegmentRegister register : CODE_AND_DATA) {
      Condition checked =
          register == CS ? NOT_VIRTUAL_8086 : NOT_VIRTUAL_8086.and(register.usable());
      list.rule(register.id() + "-s", "S must be 1 for %s.".formatted(register))
          .when(checked)
          .then(set(register.rights(), RegisterBits.ACCESS_S));
      presentAndReserved(list, register, checked);
      granularity(list, register, checked);
    }
    GuestAccessRightsRules.addPrivilegeLevels(list);
    system(list, TR, reading(c -> true));
    list.rule("guest-tr-usable", "TR must be usable.")
        .then(clear(TR.rights(), RegisterBits.ACCESS_UNUSABLE));
    system(list, LDTR, LDTR.usable());
    return list.rules();
  }

  private static void selectors(RuleList list) {
    list.rule("guest-tr-ti", "The TI flag of the TR selector must be 0.")
        .then(clear(TR.selector(), RegisterBits.SELECTOR_TI));
    list.rule("guest-ldtr-ti", "The TI flag of the LDTR selector must be 0 if LDTR is usable.")
        .when(LDTR.usable())
        .then(clear(LDTR.selector(), RegisterBits.SELECTOR_TI));
    list.rule("guest-ss-rpl", "The RPL of SS must equal the RPL of CS.")
        .when(NOT_VIRTUAL_8086)
        .when(RESTRICTED)
        .then(c -> SS.rpl(c) == CS.rpl(c), SS.selector(), CS.selector());
  }

  private static void bases(RuleList list) {
    for (SegmentRegister register : CODE_AND_DATA) {
      list.rule(
              register.id() + "-base-v86",
              "The base of %s must be the selector times 16 in virtual-8086 mode."
                  .formatted(register))
          .when(VIRTUAL_8086)
          .then(
              c -> c.get(register.base()) == c.get(register.selector()) << 4,
              register.base(),
              register.selector());
    }
    for (SegmentRegister register : List.of(TR, FS, GS, LDTR)) {
      EntryRule.Draft rule =
          list.rule(
              register.id() + "-base-canonical",
              "The base of %s must be canonical.".formatted(register));
      if (register == LDTR) {
        rule.when(LDTR.usable());
      }
      rule.then(c -> c.isCanonical(c.get(register.base())), register.base());
    }
    for (SegmentRegister register : List.of(CS, SS, DS, ES)) {
      EntryRule.Draft rule =
          list.rule(
              register.id() + "-base-high",
              "Bits 63:32 of the base of %s must be 0.".formatted(register));
      if (register != CS) {
        rule.when(register.usable());
      }
      rule.then(clear(register.base(), RegisterBits.BITS_63_32));
    }
  }

  private static void virtual8086(RuleList list) {
    for (SegmentRegister register : CODE_AND_DATA) {
      list.rule(
              register.id() + "-limit-v86",
              "The limit of %s must be 0000FFFFH in virtual-8086 mode.".formatted(register))
          .when(VIRTUAL_8086)
          .then(matches(register.limit(), -1L, LIMIT_OF_VIRTUAL_8086));
    }
    for (SegmentRegister register : CODE_AND_DATA) {
      list.rule(
              register.id() + "-rights-v86",
              "The access rights of %s must be 000000F3H in virtual-8086 mode.".formatted(register))
          .when(VIRTUAL_8086)
          .then(matches(register.rights(), -1L, RIGHTS_OF_VIRTUAL_8086));
    }
  }

  private static void presentAndReserved(
      RuleList list, SegmentRegister register, Condition checked) {
    list.rule(register.id() + "-present", "P must be 1 for %s.".formatted(register))
        .when(checked)
        .then(set(register.rights(), RegisterBits.ACCESS_P));
    list.rule(
            register.id() + "-rights-reserved",
            "Bits 11:8 and 31:17 of the access rights of %s must be 0.".formatted(register))
        .when(checked)
        .then(
            clear(
                register.rights(),
                RegisterBits.ACCESS_RESERVED_11_8 | RegisterBits.ACCESS_RESERVED_31_17));
  }

  private static void granularity(RuleList list, SegmentRegister register, Condition checked) {
    list.rule(
            register.id() + "-g-0",
            "G must be 0 for %s if any bit in 11:0 of the limit is 0.".formatted(register))
        .when(checked)
        .when(not(set(register.limit(), LIMIT_11_0)))
        .then(clear(register.rights(), ACCESS_G));
    list.rule(
            register.id() + "-g-1",
            "G must be 1 for %s if any bit in 31:20 of the limit is 1.".formatted(register))
        .when(checked)
        .when(not(clear(register.limit(), LIMIT_31_20)))
        .then(set(register.rights(), ACCESS_G));
  }

  private static void system(RuleList list, SegmentRegister register, Condition checked) {
    GuestAccessRightsRules.addSystemType(list, register, checked);
    list.rule(register.id() + "-s", "S must be 0 for %s.".formatted(register))
        .when(checked)
        .then(clear(register.rights(), RegisterBits.ACCESS_S));
    presentAndReserved(list, register, checked);
    granularity(list, register, checked);
  }
}
