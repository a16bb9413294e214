package io.vmxsim.vmm;

import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * Brings the VMM back at a given time: SDM "VMX-Preemption Timer" (25.5.1). It counts changes of
 * one bit of the time-stamp counter, so that it can run out a little late, and never early.
 */
final class PreemptionTimer {
  /** The time of what does not happen. */
  static final long NEVER = Long.MAX_VALUE;

  private static final long LONGEST = 0xffff_ffffL;

  private final CurrentVmcs vmcs;
  private final boolean supported;
  private final int rate;
  private boolean on;

  PreemptionTimer(CurrentVmcs vmcs, VmxCapabilities capabilities) {
    this.vmcs = vmcs;
    supported = capabilities.supports(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);
    rate = capabilities.preemptionTimerRate();
  }

  /** Whether the processor has one; else {@link #beforeEntry} does nothing. */
  boolean isSupported() {
    return supported;
  }

  /**
   * Before an entry: the processor counts from the value in the VMCS each time.
   *
   * @param now the time-stamp counter
   * @param due what it will be when the VMM is wanted, or {@link #NEVER}
   */
  void beforeEntry(long now, long due) {
    boolean wanted = supported && due != NEVER;
    if (wanted != on) {
      vmcs.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER, wanted);
      on = wanted;
    }
    if (wanted) {
      long until = Math.max(due, now) + (1L << rate) - 1;
      long ticks = (until >>> rate) - (now >>> rate);
      vmcs.write(VmcsField.VMX_PREEMPTION_TIMER_VALUE, Math.min(ticks, LONGEST));
    }
  }
}
