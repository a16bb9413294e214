package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.Feature;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.3.1.5 “Checks on Guest Non-Register State”, with 29.3.1.5 of June 2026. */
final class GuestNonRegisterState extends Reading {

  private final long activity = field(VmcsField.GUEST_ACTIVITY_STATE);
  private final long blocking = field(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
  private final long rflags = field(VmcsField.GUEST_RFLAGS);

  GuestNonRegisterState(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return activityState() && interruptibility() && pendingDebug() && linkPointer();
  }

  private boolean activityState() {
    boolean supported =
        activity == 0
            || (activity == 1 && bit(msr(0x485), 6))
            || (activity == 2 && bit(msr(0x485), 7))
            || (activity == 3 && bit(msr(0x485), 8));
    if (!supported) {
      return false;
    }
    if (activity == 1 && bits(field(VmcsField.GUEST_SS_ACCESS_RIGHTS), 6, 5) != 0) {
      return false;
    }
    if ((bit(blocking, 0) || bit(blocking, 1)) && activity != 0) {
      return false;
    }
    if (injecting() && !allowedIn()) {
      return false;
    }
    return !(entry(10) && activity == 3);
  }

  private boolean allowedIn() {
    int type = injectedType();
    int vector = injectedVector();
    if (activity == 1) {
      return type == 0
          || type == 2
          || (type == 3 && (vector == 1 || vector == 18))
          || (type == 7 && vector == 0);
    }
    if (activity == 2) {
      return type == 2 || (type == 3 && vector == 18);
    }
    return activity != 3;
  }

  private boolean interruptibility() {
    boolean sti = bit(blocking, 0);
    boolean movSs = bit(blocking, 1);
    boolean smi = bit(blocking, 2);
    if (bits(blocking, 31, 5) != 0 || (sti && movSs) || (sti && !bit(rflags, 9))) {
      return false;
    }
    if (injecting() && (injectedType() == 0 || injectedType() == 2) && (sti || movSs)) {
      return false;
    }
    if (smi && !context.environment().isInSmm()) {
      return false;
    }
    if (!smi && entry(10)) {
      return false;
    }
    if (bit(blocking, 3) && pin(5) && injecting() && injectedType() == 2) {
      return false;
    }
    return !bit(blocking, 4) || (!movSs && context.cpu().has(Feature.SGX));
  }

  private boolean pendingDebug() {
    long pending = field(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS);
    if (bits(pending, 11, 4) != 0
        || bit(pending, 13)
        || bit(pending, 15)
        || bits(pending, 63, 17) != 0) {
      return false;
    }
    if (bit(blocking, 0) || bit(blocking, 1) || activity == 1) {
      boolean tf = bit(rflags, 8);
      boolean btf = bit(field(VmcsField.GUEST_IA32_DEBUGCTL), 1);
      boolean bs = bit(pending, 14);
      if (tf && !btf && !bs) {
        return false;
      }
      if ((!tf || btf) && bs) {
        return false;
      }
    }
    if (bit(pending, 16)) {
      return bits(pending, 11, 0) == 0
          && bits(pending, 15, 13) == 0
          && bits(pending, 63, 17) == 0
          && bit(pending, 12)
          && context.cpu().has(Feature.RTM)
          && !bit(blocking, 1);
    }
    return true;
  }

  private boolean linkPointer() {
    long pointer = field(VmcsField.VMCS_LINK_POINTER);
    if (pointer == 0xFFFF_FFFF_FFFF_FFFFL) {
      return true;
    }
    if (bits(pointer, 11, 0) != 0 || !withinWidth(pointer)) {
      return false;
    }
    long first = context.environment().read32(pointer);
    if (bits(first, 30, 0) != bits(msr(0x480), 30, 0) || bit(first, 31) != secondary(14)) {
      return false;
    }
    boolean smm = context.environment().isInSmm();
    if (!smm || entry(10)) {
      return pointer != context.environment().currentVmcsPointer();
    }
    return pointer != context.environment().executiveVmcsPointer();
  }
}
