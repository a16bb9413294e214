package io.vmxsim.cpu;

import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * The guest timer of "APIC-timer virtualization" ("Guest Timer", 28.5.10, June 2026): what guest
 * software writes to IA32_TSC_DEADLINE becomes a deadline of the processor's own counter, which
 * makes a virtual interrupt pending when it is reached.
 *
 * <p>That a VM exit saves the deadline where the next VM entry loads it is not in the text, which
 * says that it clears the deadline.
 */
final class GuestTimer {
  private final Processor processor;
  private final TimeStamp timeStamp;

  /** In ticks of the time-stamp counter; 0 while it is disarmed. */
  private long deadline;

  GuestTimer(Processor processor) {
    this.processor = processor;
    timeStamp = new TimeStamp(processor);
  }

  /** VM entry ("Updating Non-Register State", 29.3.2.5). */
  void enterNonRoot(Vmcs vmcs) {
    set(isOn() ? vmcs.get(VmcsField.GUEST_DEADLINE) : 0);
  }

  /** VM exit, before state is loaded from the host's. */
  void save(Vmcs vmcs) {
    if (isOn()) {
      vmcs.set(VmcsField.GUEST_DEADLINE, deadline);
    }
  }

  /** VM exit. */
  void leaveNonRoot() {
    deadline = 0;
  }

  private boolean isOn() {
    return processor.intercepts().on(TertiaryControl.APIC_TIMER_VIRTUALIZATION);
  }

  private void set(long newDeadline) {
    deadline = newDeadline;
    processor.pending().armGuestTimer(newDeadline != 0);
  }

  /** Whether accesses of that MSR go to the guest timer. */
  boolean serves(int msr) {
    return msr == Msr.IA32_TSC_DEADLINE.address() && isOn();
  }

  /** What RDMSR of IA32_TSC_DEADLINE reads. */
  long read() {
    return processor.controlling().get(VmcsField.GUEST_DEADLINE_SHADOW);
  }

  /** WRMSR of IA32_TSC_DEADLINE (28.3). */
  void write(long value) {
    processor.controlling().set(VmcsField.GUEST_DEADLINE_SHADOW, value);
    if (value == 0) {
      set(0);
    } else if (Long.compareUnsigned(value, timeStamp.read()) > 0) {
      set(timeStamp.unscaled(value));
    } else {
      strike();
    }
  }

  /** Whether a guest-timer event is pending. */
  boolean isDue() {
    long counter = processor.msrs().timeStampCounter();
    return deadline != 0 && Long.compareUnsigned(deadline, counter) <= 0;
  }

  /** Cycles until it is; it is armed. */
  long cyclesUntilDue() {
    if (isDue()) {
      return 0;
    }
    long left = deadline - processor.msrs().timeStampCounter();
    return left < 0 ? Long.MAX_VALUE : left;
  }

  /** "Guest-Timer Events" (28.5.10.2). */
  void strike() {
    Vmcs vmcs = processor.controlling();
    set(0);
    vmcs.set(VmcsField.GUEST_DEADLINE_SHADOW, 0);
    int vector = (int) vmcs.get(VmcsField.VIRTUAL_TIMER_VECTOR) & 0xff;
    processor.virtualApic().virtualizeSelfIpi(vector); // the same steps
  }
}
