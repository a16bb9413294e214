package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.3.1.3 “Checks on Guest Descriptor-Table Registers”. */
final class GuestDescriptorTables extends Reading {

  GuestDescriptorTables(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return canonical(field(VmcsField.GUEST_GDTR_BASE))
        && canonical(field(VmcsField.GUEST_IDTR_BASE))
        && bits(field(VmcsField.GUEST_GDTR_LIMIT), 31, 16) == 0
        && bits(field(VmcsField.GUEST_IDTR_LIMIT), 31, 16) == 0;
  }
}
