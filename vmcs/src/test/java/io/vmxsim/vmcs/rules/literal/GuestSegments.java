package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.3.1.2 “Checks on Guest Segment Registers”, with 29.3.1.2 of June 2026. */
final class GuestSegments extends Reading {

  private static final String[] CODE_AND_DATA = {"CS", "SS", "DS", "ES", "FS", "GS"};
  private static final String[] DATA = {"DS", "ES", "FS", "GS"};

  GuestSegments(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return selectors() && bases() && limits() && accessRights() && tr() && ldtr();
  }

  private long part(String register, String part) {
    return field(VmcsField.valueOf("GUEST_" + register + "_" + part));
  }

  private long rights(String register) {
    return part(register, "ACCESS_RIGHTS");
  }

  private long type(String register) {
    return bits(rights(register), 3, 0);
  }

  private long dpl(String register) {
    return bits(rights(register), 6, 5);
  }

  private boolean usable(String register) {
    return !bit(rights(register), 16);
  }

  private boolean virtual8086() {
    return bit(field(VmcsField.GUEST_RFLAGS), 17);
  }

  private boolean unrestricted() {
    return secondary(7);
  }

  private boolean selectors() {
    if (bit(part("TR", "SELECTOR"), 2)) {
      return false;
    }
    if (usable("LDTR") && bit(part("LDTR", "SELECTOR"), 2)) {
      return false;
    }
    return virtual8086()
        || unrestricted()
        || bits(part("SS", "SELECTOR"), 1, 0) == bits(part("CS", "SELECTOR"), 1, 0);
  }

  private boolean bases() {
    for (String register : CODE_AND_DATA) {
      if (virtual8086() && part(register, "BASE") != part(register, "SELECTOR") * 16) {
        return false;
      }
    }
    for (String register : new String[] {"TR", "FS", "GS"}) {
      if (!canonical(part(register, "BASE"))) {
        return false;
      }
    }
    if (usable("LDTR") && !canonical(part("LDTR", "BASE"))) {
      return false;
    }
    if (bits(part("CS", "BASE"), 63, 32) != 0) {
      return false;
    }
    for (String register : new String[] {"SS", "DS", "ES"}) {
      if (usable(register) && bits(part(register, "BASE"), 63, 32) != 0) {
        return false;
      }
    }
    return true;
  }

  private boolean limits() {
    for (String register : CODE_AND_DATA) {
      if (virtual8086() && part(register, "LIMIT") != 0xFFFF) {
        return false;
      }
    }
    return true;
  }

  private boolean accessRights() {
    for (String register : CODE_AND_DATA) {
      if (virtual8086()) {
        if (rights(register) != 0xF3) {
          return false;
        }
      } else if (!subfields(register)) {
        return false;
      }
    }
    return virtual8086() || (types() && dpls() && codeDb());
  }

  private boolean subfields(String register) {
    if (!register.equals("CS") && !usable(register)) {
      return true;
    }
    return bit(rights(register), 4)
        && bit(rights(register), 7)
        && bits(rights(register), 11, 8) == 0
        && granularity(register)
        && bits(rights(register), 31, 17) == 0;
  }

  private boolean granularity(String register) {
    long limit = part(register, "LIMIT");
    boolean g = bit(rights(register), 15);
    if (bits(limit, 11, 0) != 0xFFF && g) {
      return false;
    }
    return bits(limit, 31, 20) == 0 || g;
  }

  private boolean types() {
    long cs = type("CS");
    boolean code = cs == 9 || cs == 11 || cs == 13 || cs == 15;
    if (!(code || (unrestricted() && cs == 3))) {
      return false;
    }
    if (usable("SS") && !(type("SS") == 3 || type("SS") == 7)) {
      return false;
    }
    for (String register : DATA) {
      if (usable(register)) {
        if (!bit(type(register), 0)) {
          return false;
        }
        if (bit(type(register), 3) && !bit(type(register), 1)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean dpls() {
    long cs = type("CS");
    if (cs == 3 && dpl("CS") != 0) {
      return false;
    }
    if ((cs == 9 || cs == 11) && dpl("CS") != dpl("SS")) {
      return false;
    }
    if ((cs == 13 || cs == 15) && dpl("CS") > dpl("SS")) {
      return false;
    }
    if (!unrestricted() && dpl("SS") != bits(part("SS", "SELECTOR"), 1, 0)) {
      return false;
    }
    if ((cs == 3 || !bit(field(VmcsField.GUEST_CR0), 0)) && dpl("SS") != 0) {
      return false;
    }
    if (bit(field(VmcsField.GUEST_CR4), 32) && !fredDpl()) {
      return false;
    }
    for (String register : DATA) {
      if (!unrestricted()
          && usable(register)
          && type(register) <= 11
          && dpl(register) < bits(part(register, "SELECTOR"), 1, 0)) {
        return false;
      }
    }
    return true;
  }

  private boolean fredDpl() {
    if (dpl("SS") == 0) {
      return bit(rights("CS"), 13);
    }
    return dpl("SS") == 3
        && bits(field(VmcsField.GUEST_RFLAGS), 13, 12) == 0
        && !bit(field(VmcsField.GUEST_INTERRUPTIBILITY_STATE), 0);
  }

  private boolean codeDb() {
    return !(entry(9) && bit(rights("CS"), 13) && bit(rights("CS"), 14));
  }

  private boolean tr() {
    boolean typeProper = entry(9) ? type("TR") == 11 : type("TR") == 3 || type("TR") == 11;
    return typeProper
        && !bit(rights("TR"), 4)
        && bit(rights("TR"), 7)
        && bits(rights("TR"), 11, 8) == 0
        && granularity("TR")
        && !bit(rights("TR"), 16)
        && bits(rights("TR"), 31, 17) == 0;
  }

  private boolean ldtr() {
    return !usable("LDTR")
        || (type("LDTR") == 2
            && !bit(rights("LDTR"), 4)
            && bit(rights("LDTR"), 7)
            && bits(rights("LDTR"), 11, 8) == 0
            && granularity("LDTR")
            && bits(rights("LDTR"), 31, 17) == 0);
  }
}
