package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import java.util.Locale;

/** The guest's segment registers and the fields that hold them. */
enum SegmentRegister {
  CS,
  SS,
  DS,
  ES,
  FS,
  GS,
  TR,
  LDTR;

  static final List<SegmentRegister> CODE_AND_DATA = List.of(CS, SS, DS, ES, FS, GS);
  static final List<SegmentRegister> DATA = List.of(DS, ES, FS, GS);

  private final VmcsField selector = VmcsField.valueOf("GUEST_" + name() + "_SELECTOR");
  private final VmcsField base = VmcsField.valueOf("GUEST_" + name() + "_BASE");
  private final VmcsField limit = VmcsField.valueOf("GUEST_" + name() + "_LIMIT");
  private final VmcsField rights = VmcsField.valueOf("GUEST_" + name() + "_ACCESS_RIGHTS");

  VmcsField selector() {
    return selector;
  }

  VmcsField base() {
    return base;
  }

  VmcsField limit() {
    return limit;
  }

  VmcsField rights() {
    return rights;
  }

  /** The prefix of this register's rules. */
  String id() {
    return "guest-" + name().toLowerCase(Locale.ROOT);
  }

  /** “The unusable bit (bit 16) is 0.” */
  Condition usable() {
    return Condition.clear(rights, RegisterBits.ACCESS_UNUSABLE);
  }

  /** Bits 6:5 of the access rights. */
  long dpl(EntryContext context) {
    return context.get(rights) >>> 5 & 3;
  }

  /** Bits 3:0 of the access rights. */
  long type(EntryContext context) {
    return context.get(rights) & RegisterBits.ACCESS_TYPE;
  }

  /** Bits 1:0 of the selector. */
  long rpl(EntryContext context) {
    return context.get(selector) & RegisterBits.SELECTOR_RPL;
  }
}
