package io.vmxsim.vmm;

import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.VmxCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * The timer of a guest, which the VMX-preemption timer keeps while the guest runs: that of its
 * local APIC or, in a trace, the deadline that it has set.
 */
final class GuestTimer {
  /** Cycles between two exits for it, at least: the guest must get to run in between. */
  private static final long SHORTEST_PERIOD = 20_000;

  private final Processor processor;
  private final PreemptionTimer preemption;
  private final TscDeadline deadline;
  private final @Nullable LocalApic apic;
  private long earliestExit;

  GuestTimer(
      Processor processor,
      CurrentVmcs vmcs,
      VmxCapabilities capabilities,
      TscDeadline deadline,
      @Nullable LocalApic apic) {
    this.processor = processor;
    this.deadline = deadline;
    this.apic = apic;
    preemption = new PreemptionTimer(vmcs, capabilities);
  }

  /** Has a local APIC's timer do what was due by now. */
  void run() {
    if (apic != null) {
      apic.runTimer();
    }
  }

  /** Before a turn of a guest that runs: without a VMX-preemption timer one of the host's comes. */
  void runForHost() {
    if (!preemption.isSupported()) {
      run();
    }
  }

  /** Before an entry: sets the preemption timer. */
  void beforeEntry() {
    if (apic == null) {
      long now = processor.msrs().get(Msr.IA32_TIME_STAMP_COUNTER);
      preemption.beforeEntry(now, deadline.due());
    } else {
      preemption.beforeEntry(processor.now(), Math.max(apic.timerStrikes(), earliestExit));
    }
  }

  /** The time for which the preemption timer was set has come. */
  void expired(Vcpu vcpu) {
    if (apic == null) {
      deadline.expired(vcpu);
    } else {
      apic.runTimer();
      earliestExit = processor.now() + SHORTEST_PERIOD;
    }
  }

  /** Cycles until it strikes; -1 if it never will. */
  long cyclesLeft() {
    if (apic == null || apic.timerStrikes() == LocalApic.NEVER) {
      return -1;
    }
    return Math.max(0, apic.timerStrikes() - processor.now());
  }
}
