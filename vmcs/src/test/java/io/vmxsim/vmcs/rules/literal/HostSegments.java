package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.3 “Checks on Host Segment and Descriptor-Table Registers”. */
final class HostSegments extends Reading {

  HostSegments(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    VmcsField[] selectors = {
      VmcsField.HOST_CS_SELECTOR,
      VmcsField.HOST_SS_SELECTOR,
      VmcsField.HOST_DS_SELECTOR,
      VmcsField.HOST_ES_SELECTOR,
      VmcsField.HOST_FS_SELECTOR,
      VmcsField.HOST_GS_SELECTOR,
      VmcsField.HOST_TR_SELECTOR
    };
    for (VmcsField selector : selectors) {
      if (bits(field(selector), 1, 0) != 0 || bit(field(selector), 2)) {
        return false;
      }
    }
    if (field(VmcsField.HOST_CS_SELECTOR) == 0 || field(VmcsField.HOST_TR_SELECTOR) == 0) {
      return false;
    }
    if (!exit(9) && field(VmcsField.HOST_SS_SELECTOR) == 0) {
      return false;
    }
    return canonical(field(VmcsField.HOST_FS_BASE))
        && canonical(field(VmcsField.HOST_GS_BASE))
        && canonical(field(VmcsField.HOST_GDTR_BASE))
        && canonical(field(VmcsField.HOST_IDTR_BASE))
        && canonical(field(VmcsField.HOST_TR_BASE));
  }
}
