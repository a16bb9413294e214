package io.vmxsim.vmm;

import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * The guest's local-APIC timer in TSC-deadline mode, kept by the VMX-preemption timer: SDM volume
 * 3A, "TSC-Deadline Mode" (10.5.4.1), and "VMX-Preemption Timer" (25.5.1). It is armed only if the
 * guest has unmasked the timer in its local vector table.
 */
final class TscDeadline {
  private static final int DEADLINE_MODE = 2;
  private static final int MASKED = 1 << 16;
  private static final long LONGEST = 0xffff_ffffL;

  private final CurrentVmcs vmcs;
  private final VmxCapabilities capabilities;
  private long lvtTimer = MASKED;
  private long deadline;
  private boolean armed;

  TscDeadline(CurrentVmcs vmcs, VmxCapabilities capabilities) {
    this.vmcs = vmcs;
    this.capabilities = capabilities;
  }

  /** The guest writes its LVT timer register (x2APIC MSR 832H). */
  void setLvtTimer(long value) {
    lvtTimer = value;
  }

  long lvtTimer() {
    return lvtTimer;
  }

  /** The guest writes IA32_TSC_DEADLINE; 0 disarms. */
  void set(long newDeadline) {
    deadline = newDeadline;
    arm(
        deadline != 0
            && (lvtTimer & MASKED) == 0
            && (lvtTimer >>> 17 & 3) == DEADLINE_MODE
            && capabilities.supports(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER));
  }

  /** Before an entry: the processor counts from the value in the VMCS each time. */
  void beforeEntry(long now) {
    if (armed) {
      long ticks = Math.max(0, deadline - now) >>> capabilities.preemptionTimerRate();
      vmcs.write(VmcsField.VMX_PREEMPTION_TIMER_VALUE, Math.min(ticks, LONGEST));
    }
  }

  /** The preemption timer ran out: if the deadline has come, the interrupt is due, once. */
  void expired(Vcpu vcpu) {
    if (vcpu.timeStampCounter() >= deadline) {
      arm(false);
      vcpu.requestInterrupt((int) lvtTimer & 0xff);
    }
  }

  private void arm(boolean on) {
    if (on != armed) {
      vmcs.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER, on);
      armed = on;
    }
  }
}
