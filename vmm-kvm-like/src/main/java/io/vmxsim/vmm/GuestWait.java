package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.apic.PendingVectors;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/** A guest's wait for an interrupt, which it spends in the VMM: HLT exits. */
final class GuestWait {
  private final Processor processor;
  private final CurrentVmcs vmcs;
  private final EventInjection injection;
  private final GuestTimer timer;

  /** Where interrupts of the host wait that are the guest's; null if it has a local APIC. */
  private final @Nullable PendingVectors hostInterrupts;

  private boolean halted;

  /** RFLAGS.IF at the HLT. */
  private boolean interruptible;

  GuestWait(
      Processor processor,
      CurrentVmcs vmcs,
      EventInjection injection,
      GuestTimer timer,
      @Nullable PendingVectors hostInterrupts) {
    this.processor = processor;
    this.vmcs = vmcs;
    this.injection = injection;
    this.timer = timer;
    this.hostInterrupts = hostInterrupts;
  }

  /** The guest has executed HLT. */
  void begin() {
    halted = true;
    interruptible = (vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.IF) != 0;
  }

  /** The wait is over, whether or not something has come. */
  void end() {
    halted = false;
  }

  boolean isHalted() {
    return halted;
  }

  /** Ends the wait if something has come for the guest; whether the guest waits on. */
  boolean goesOn() {
    PendingVectors fromHost = hostInterrupts;
    if (halted && fromHost == null) {
      timer.run();
      halted = !injection.endsWait(interruptible);
    } else if (halted && fromHost != null) {
      halted = !take(fromHost);
    }
    return halted;
  }

  /** The host's interrupts go to the guest. */
  private boolean take(PendingVectors interrupts) {
    processor.pollEvents();
    int vector = processor.pending().acknowledge();
    if (vector >= 0) {
      interrupts.request(vector);
    }
    return interrupts.hasInterrupt();
  }

  /** Cycles until time alone ends the wait; -1 if it never will. */
  long cyclesLeft() {
    if (injection.endsWait(interruptible)) {
      return 0;
    }
    return interruptible ? timer.cyclesLeft() : -1;
  }
}
