package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_CR0;
import static io.vmxsim.vmcs.VmcsField.GUEST_CR4;
import static io.vmxsim.vmcs.VmcsField.GUEST_INTERRUPTIBILITY_STATE;
import static io.vmxsim.vmcs.VmcsField.GUEST_RFLAGS;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;
import static io.vmxsim.vmcs.rules.GuestSegmentRules.NOT_VIRTUAL_8086;
import static io.vmxsim.vmcs.rules.GuestSegmentRules.RESTRICTED;
import static io.vmxsim.vmcs.rules.SegmentRegister.CS;
import static io.vmxsim.vmcs.rules.SegmentRegister.DATA;
import static io.vmxsim.vmcs.rules.SegmentRegister.SS;
import static io.vmxsim.vmcs.rules.SegmentRegister.TR;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * The part of 26.3.1.2 “Checks on Guest Segment Registers” on segment types and privilege levels.
 */
final class GuestAccessRightsRules {

  private static final long READ_WRITE_DATA = 3;
  private static final long EXPAND_DOWN_DATA = 7;
  private static final long LDT = 2;
  private static final long TSS_16_BUSY = 3;
  private static final long TSS_BUSY = 11;
  private static final long LAST_NON_CONFORMING = 11;

  private GuestAccessRightsRules() {}

  static void addTypes(RuleList list) {
    list.rule(
            "guest-cs-type",
            "The type of CS must be 9, 11, 13 or 15 (accessed code), or 3 if “unrestricted guest”"
                + " is 1.")
        .when(NOT_VIRTUAL_8086)
        .then(
            c -> isAccessedCode(CS.type(c)) || mayBeData(c),
            CS.rights(),
            VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
    list.rule("guest-ss-type", "The type of SS must be 3 or 7 if SS is usable.")
        .when(NOT_VIRTUAL_8086.and(SS.usable()))
        .then(c -> SS.type(c) == READ_WRITE_DATA || SS.type(c) == EXPAND_DOWN_DATA, SS.rights());
    for (SegmentRegister register : DATA) {
      Condition checked = NOT_VIRTUAL_8086.and(register.usable());
      list.rule(
              register.id() + "-accessed",
              "The type of %s must be accessed (bit 0 is 1) if it is usable.".formatted(register))
          .when(checked)
          .then(set(register.rights(), 1));
      list.rule(
              register.id() + "-readable",
              "The type of %s must be readable (bit 1 is 1) if it is code and usable."
                  .formatted(register))
          .when(checked)
          .when(set(register.rights(), 8))
          .then(set(register.rights(), 2));
    }
  }

  private static boolean isAccessedCode(long type) {
    return (type & 9) == 9;
  }

  private static boolean mayBeData(EntryContext c) {
    return CS.type(c) == READ_WRITE_DATA && c.on(SecondaryControl.UNRESTRICTED_GUEST);
  }

  static void addPrivilegeLevels(RuleList list) {
    code(list);
    stack(list);
    fred(list);
    for (SegmentRegister register : DATA) {
      list.rule(
              register.id() + "-dpl",
              "The DPL of %s cannot be less than its RPL if it is usable and no conforming code."
                  .formatted(register))
          .when(NOT_VIRTUAL_8086.and(register.usable()))
          .when(RESTRICTED)
          .when(reading(c -> register.type(c) <= LAST_NON_CONFORMING, register.rights()))
          .then(c -> register.dpl(c) >= register.rpl(c), register.rights(), register.selector());
    }
    list.rule("guest-cs-db", "D/B of CS must be 0 if the guest will be IA-32e mode and L is 1.")
        .when(NOT_VIRTUAL_8086)
        .when(on(EntryControl.IA_32E_MODE_GUEST))
        .when(set(CS.rights(), RegisterBits.ACCESS_L))
        .then(clear(CS.rights(), RegisterBits.ACCESS_DB));
  }

  private static void code(RuleList list) {
    list.rule("guest-cs-dpl-data", "The DPL of CS must be 0 if its type is 3.")
        .when(NOT_VIRTUAL_8086)
        .when(Condition.matches(CS.rights(), RegisterBits.ACCESS_TYPE, READ_WRITE_DATA))
        .then(clear(CS.rights(), RegisterBits.ACCESS_DPL));
    list.rule(
            "guest-cs-dpl-non-conforming",
            "The DPL of CS must equal the DPL of SS if CS is non-conforming (type 9 or 11).")
        .when(NOT_VIRTUAL_8086)
        .when(Condition.matches(CS.rights(), 0xD, 9))
        .then(c -> CS.dpl(c) == SS.dpl(c), CS.rights(), SS.rights());
    list.rule(
            "guest-cs-dpl-conforming",
            "The DPL of CS cannot be greater than the DPL of SS if CS is conforming (type 13 or"
                + " 15).")
        .when(NOT_VIRTUAL_8086)
        .when(Condition.matches(CS.rights(), 0xD, 13))
        .then(c -> CS.dpl(c) <= SS.dpl(c), CS.rights(), SS.rights());
  }

  private static void stack(RuleList list) {
    list.rule("guest-ss-dpl-rpl", "The DPL of SS must equal its RPL.")
        .when(NOT_VIRTUAL_8086)
        .when(RESTRICTED)
        .then(c -> SS.dpl(c) == SS.rpl(c), SS.rights(), SS.selector());
    list.rule("guest-ss-dpl-0", "The DPL of SS must be 0 if the type of CS is 3 or CR0.PE is 0.")
        .when(NOT_VIRTUAL_8086)
        .when(
            Condition.matches(CS.rights(), RegisterBits.ACCESS_TYPE, READ_WRITE_DATA)
                .or(clear(GUEST_CR0, RegisterBits.CR0_PE)))
        .then(clear(SS.rights(), RegisterBits.ACCESS_DPL));
  }

  private static void fred(RuleList list) {
    Condition fred = NOT_VIRTUAL_8086.and(set(GUEST_CR4, RegisterBits.CR4_FRED));
    Condition user = set(SS.rights(), RegisterBits.ACCESS_DPL);
    Condition supervisor = clear(SS.rights(), RegisterBits.ACCESS_DPL);
    list.rule("guest-fred-ss-dpl", "With FRED transitions the DPL of SS must be 0 or 3.")
        .newer()
        .when(fred)
        .then(user.or(supervisor));
    list.rule("guest-fred-cs-l", "With FRED transitions L of CS must be 1 if the DPL of SS is 0.")
        .newer()
        .when(fred.and(supervisor))
        .then(set(CS.rights(), RegisterBits.ACCESS_L));
    list.rule("guest-fred-iopl", "With FRED transitions IOPL must be 0 if the DPL of SS is 3.")
        .newer()
        .when(fred.and(user))
        .then(clear(GUEST_RFLAGS, RegisterBits.RFLAGS_IOPL));
    list.rule(
            "guest-fred-sti",
            "With FRED transitions there must be no blocking by STI if the DPL of SS is 3.")
        .newer()
        .when(fred.and(user))
        .then(clear(GUEST_INTERRUPTIBILITY_STATE, RegisterBits.BLOCKING_BY_STI));
  }

  /** The type of TR or LDTR. */
  static void addSystemType(RuleList list, SegmentRegister register, Condition checked) {
    if (register != TR) {
      list.rule("guest-ldtr-type", "The type of LDTR must be 2 (LDT) if LDTR is usable.")
          .when(checked)
          .then(Condition.matches(register.rights(), RegisterBits.ACCESS_TYPE, LDT));
      return;
    }
    list.rule(
            "guest-tr-type",
            "The type of TR must be 11 (busy TSS), or 3 (16-bit busy TSS) if the guest will not be"
                + " IA-32e mode.")
        .then(
            c ->
                TR.type(c) == TSS_BUSY
                    || (TR.type(c) == TSS_16_BUSY && !c.on(EntryControl.IA_32E_MODE_GUEST)),
            TR.rights(),
            VmcsField.VM_ENTRY_CONTROLS);
  }
}
