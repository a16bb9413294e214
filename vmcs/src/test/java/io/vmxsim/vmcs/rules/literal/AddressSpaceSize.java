package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.4 “Checks Related to Address-Space Size”, with 29.2.4 of June 2026. */
final class AddressSpaceSize extends Reading {

  AddressSpaceSize(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    boolean ia32eGuest = entry(9);
    boolean size = exit(9);
    if (!context.environment().isLongModeActive() && (ia32eGuest || size)) {
      return false;
    }
    if (context.environment().isLongModeActive() && !size) {
      return false;
    }
    return size ? wide() : narrow(ia32eGuest);
  }

  private boolean narrow(boolean ia32eGuest) {
    long cr4 = field(VmcsField.HOST_CR4);
    if (ia32eGuest
        || bit(cr4, 17)
        || bit(cr4, 32)
        || bits(field(VmcsField.HOST_RIP), 63, 32) != 0) {
      return false;
    }
    if (exit(28)) {
      return bits(field(VmcsField.HOST_IA32_S_CET), 63, 32) == 0
          && bits(field(VmcsField.HOST_SSP), 63, 32) == 0
          && canonical(field(VmcsField.HOST_IA32_INTERRUPT_SSP_TABLE_ADDR));
    }
    return true;
  }

  private boolean wide() {
    if (!bit(field(VmcsField.HOST_CR4), 5) || !canonical(field(VmcsField.HOST_RIP))) {
      return false;
    }
    if (exit(28)) {
      return canonical(field(VmcsField.HOST_IA32_S_CET))
          && canonical(field(VmcsField.HOST_SSP))
          && canonical(field(VmcsField.HOST_IA32_INTERRUPT_SSP_TABLE_ADDR));
    }
    return true;
  }
}
