package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.EPT_POINTER;
import static io.vmxsim.vmcs.rules.Condition.on;

import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.SecondaryControl;

/**
 * The checks on the EPT pointer.
 *
 * <p>Source: SDM (June 2016) 26.2.1.1 “VM-Execution Control Fields”, Table 24-8; page-walk length 5
 * and bit 7 (supervisor shadow-stack control) from the edition of June 2026.
 */
public final class EptPointerRules {

  private static final long ACCESSED_AND_DIRTY = 1L << 6;
  private static final long SUPERVISOR_SHADOW_STACK = 1L << 7;
  private static final long RESERVED = 0xF80;
  private static final long PAGE_OFFSET = 0xFFF;

  private EptPointerRules() {}

  static void add(RuleList list) {
    Condition ept = on(SecondaryControl.ENABLE_EPT);
    list.rule(
            "eptp-memory-type",
            "The EPT memory type (EPTP bits 2:0) must be one IA32_VMX_EPT_VPID_CAP reports.")
        .when(ept)
        .then(c -> hasMemoryType(c, c.get(EPT_POINTER)), EPT_POINTER);
    list.rule(
            "eptp-walk-length",
            "EPTP bits 5:3 must be 1 less than an EPT page-walk length the processor supports.")
        .when(ept)
        .then(c -> hasWalkLength(c, c.get(EPT_POINTER)), EPT_POINTER);
    list.rule(
            "eptp-accessed-dirty",
            "EPTP bit 6 must be 0 if the processor has no accessed and dirty flags for EPT.")
        .when(ept)
        .then(c -> hasAccessedDirtyFlags(c, c.get(EPT_POINTER)), EPT_POINTER);
    list.rule("eptp-reserved", "Reserved EPTP bits 11:7 must be 0.")
        .when(ept)
        .then(c -> hasReservedBits0(c, c.get(EPT_POINTER)), EPT_POINTER);
    list.rule(
            "eptp-width",
            "EPTP bits 63:12 must not set any bits beyond the processor's physical-address width.")
        .when(ept)
        .then(c -> isWithinWidth(c, c.get(EPT_POINTER)), EPT_POINTER);
  }

  /** Whether a VM entry with “enable EPT” accepts {@code eptp}, as INVEPT and VMFUNC ask. */
  public static boolean accept(EntryContext context, long eptp) {
    return hasMemoryType(context, eptp)
        && hasWalkLength(context, eptp)
        && hasAccessedDirtyFlags(context, eptp)
        && hasReservedBits0(context, eptp)
        && isWithinWidth(context, eptp);
  }

  private static boolean hasMemoryType(EntryContext c, long eptp) {
    return switch ((int) eptp & 7) {
      case 0 -> c.supports(EptVpidCapability.UNCACHEABLE_PAGING_STRUCTURES);
      case 6 -> c.supports(EptVpidCapability.WRITE_BACK_PAGING_STRUCTURES);
      default -> false;
    };
  }

  private static boolean hasWalkLength(EntryContext c, long eptp) {
    return switch ((int) (eptp >>> 3) & 7) {
      case 3 -> c.supports(EptVpidCapability.PAGE_WALK_LENGTH_4);
      case 4 -> c.supports(EptVpidCapability.PAGE_WALK_LENGTH_5);
      default -> false;
    };
  }

  private static boolean hasAccessedDirtyFlags(EntryContext c, long eptp) {
    return (eptp & ACCESSED_AND_DIRTY) == 0
        || c.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS);
  }

  private static boolean hasReservedBits0(EntryContext c, long eptp) {
    boolean bit7 = c.supports(EptVpidCapability.SUPERVISOR_SHADOW_STACK_CONTROL);
    return (eptp & (bit7 ? RESERVED & ~SUPERVISOR_SHADOW_STACK : RESERVED)) == 0;
  }

  private static boolean isWithinWidth(EntryContext c, long eptp) {
    return c.isPhysicalAddress(eptp & ~PAGE_OFFSET);
  }
}
