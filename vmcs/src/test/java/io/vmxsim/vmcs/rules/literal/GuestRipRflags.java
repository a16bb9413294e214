package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.3.1.4 “Checks on Guest RIP and RFLAGS”, with 29.3.1.4 of June 2026. */
final class GuestRipRflags extends Reading {

  GuestRipRflags(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    int n = context.cpu().linearAddressBits();
    boolean l = bit(field(VmcsField.GUEST_CS_ACCESS_RIGHTS), 13);
    long rip = field(VmcsField.GUEST_RIP);
    if ((!entry(9) || !l) && bits(rip, 63, 32) != 0) {
      return false;
    }
    if (entry(9) && l && !identical(rip, n)) {
      return false;
    }
    long rflags = field(VmcsField.GUEST_RFLAGS);
    if (bits(rflags, 63, 22) != 0
        || bit(rflags, 15)
        || bit(rflags, 5)
        || bit(rflags, 3)
        || !bit(rflags, 1)) {
      return false;
    }
    if ((entry(9) || !bit(field(VmcsField.GUEST_CR0), 0)) && bit(rflags, 17)) {
      return false;
    }
    if (injecting() && injectedType() == 0 && !bit(rflags, 9)) {
      return false;
    }
    long ssp = field(VmcsField.GUEST_SSP);
    return !entry(20) || (bits(ssp, 1, 0) == 0 && identical(ssp, n));
  }
}
