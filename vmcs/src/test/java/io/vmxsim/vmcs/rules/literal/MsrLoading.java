package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.4 “Loading MSRs”. */
final class MsrLoading extends Reading {

  MsrLoading(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    long address = field(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS);
    long count = field(VmcsField.VM_ENTRY_MSR_LOAD_COUNT);
    if (!msrArea(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, VmcsField.VM_ENTRY_MSR_LOAD_COUNT)) {
      return true; // the entry has failed before it gets here
    }
    // 24.8.2: behaviour is undefined beyond 512 * (N + 1) entries (A.6, bits 27:25)
    for (long i = 0; i < count && i < 512 * (bits(msr(0x485), 27, 25) + 1); i++) {
      if (!entryProper(address + 16 * i)) {
        return false;
      }
    }
    return true;
  }

  private boolean entryProper(long address) {
    long low = context.environment().read64(address);
    long value = context.environment().read64(address + 8);
    long index = bits(low, 31, 0);
    if (index == 0xC000_0100L || index == 0xC000_0101L) {
      return false;
    }
    if (bits(low, 31, 8) == 0x8) {
      return false;
    }
    if (index == 0x9B && !context.environment().isInSmm()) {
      return false; // IA32_SMM_MONITOR_CTL
    }
    if (bits(low, 63, 32) != 0) {
      return false;
    }
    return !context.environment().refusesWrmsr((int) index, value);
  }
}
