package io.vmxsim.vmm;

/**
 * The guest's local-APIC timer in TSC-deadline mode, kept by the VMX-preemption timer: SDM volume
 * 3A, "TSC-Deadline Mode" (10.5.4.1), and "VMX-Preemption Timer" (25.5.1). It is armed only if the
 * guest has unmasked the timer in its local vector table.
 */
final class TscDeadline {
  private static final int DEADLINE_MODE = 2;
  private static final int MASKED = 1 << 16;

  private long lvtTimer = MASKED;
  private long deadline;
  private boolean armed;
  private boolean leftToTrace;

  /** The timer's interrupts come from a trace. */
  void leaveToTrace() {
    leftToTrace = true;
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
    boolean unmasked = (lvtTimer & MASKED) == 0 && (lvtTimer >>> 17 & 3) == DEADLINE_MODE;
    armed = deadline != 0 && unmasked && !leftToTrace;
  }

  /** What the time-stamp counter will be when the interrupt is due. */
  long due() {
    return armed ? deadline : PreemptionTimer.NEVER;
  }

  /** The preemption timer ran out: if the deadline has come, the interrupt is due, once. */
  void expired(Vcpu vcpu) {
    if (armed && vcpu.timeStampCounter() >= deadline) {
      armed = false;
      vcpu.requestInterrupt((int) lvtTimer & 0xff);
    }
  }
}
