package io.vmxsim.cpu;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * Events that arrive between instructions and what they do there: in the order of their priority,
 * the VMX-preemption timer, the NMI window, NMIs, the interrupt window, external interrupts ("Other
 * Causes of VM Exits", 25.2, and "Event Blocking", 25.4.1).
 *
 * <p>The interrupt controller in front is the smallest there is: a pending bit per vector, the
 * highest vector first, acknowledged by {@link #acknowledge}. There is no in-service state and no
 * task priority yet.
 */
final class PendingEvents {
  private final Processor processor;
  private final CpuState state;
  private final int preemptionTimerRate;
  private final long[] requests = new long[4];
  private boolean interruptPending;
  private boolean nmiPending;
  private @Nullable InterruptSource timer;
  private long preemptionTimerStart;
  private long preemptionTimerCount;

  PendingEvents(Processor processor) {
    this.processor = processor;
    state = processor.state();
    preemptionTimerRate = processor.profile().vmxCapabilities().preemptionTimerRate();
  }

  void setTimer(@Nullable InterruptSource newTimer) {
    timer = newTimer;
  }

  void requestInterrupt(int vector) {
    requests[vector >>> 6] |= 1L << vector;
    interruptPending = true;
  }

  void requestNmi() {
    nmiPending = true;
  }

  /** The highest pending vector, which stops being pending, or -1 if there is none. */
  int acknowledge() {
    for (int i = requests.length - 1; i >= 0; i--) {
      if (requests[i] != 0) {
        int bit = Long.SIZE - 1 - Long.numberOfLeadingZeros(requests[i]);
        requests[i] &= ~(1L << bit);
        interruptPending = (requests[0] | requests[1] | requests[2] | requests[3]) != 0;
        return i << 6 | bit;
      }
    }
    return -1;
  }

  /**
   * IRET ends blocking by NMI, or virtual-NMI blocking; it does neither while NMIs exit and are not
   * virtual (26.6.1).
   */
  void iret() {
    Intercepts intercepts = processor.intercepts();
    if (!intercepts.on(PinControl.NMI_EXITING) || intercepts.on(PinControl.VIRTUAL_NMIS)) {
      state.interruptibility &= ~Interruptibility.NMI;
    }
  }

  /** VM entry starts the VMX-preemption timer ("VMX-Preemption Timer", 26.6.4). */
  void startPreemptionTimer(long count) {
    preemptionTimerStart = processor.msrs().timeStampCounter() >>> preemptionTimerRate;
    preemptionTimerCount = count;
  }

  /** What the VMX-preemption timer has left: it counts changes of bit X of the TSC (25.5.1). */
  long preemptionTimerValue() {
    long position = processor.msrs().timeStampCounter() >>> preemptionTimerRate;
    return Math.max(0, preemptionTimerCount - (position - preemptionTimerStart));
  }

  /** Lets the most urgent event that is due and not blocked happen. */
  StepOutcome poll() {
    InterruptSource source = timer;
    if (source != null) {
      long now = processor.now();
      long instructions = processor.instructions();
      if (source.isDue(now, instructions)) {
        source.take(now, instructions);
        requestInterrupt(source.vector());
      }
    }
    if (state.pendingDebugExceptions != 0
        && processor.debug().isTrapPending()
        && !blocked(Interruptibility.MOV_SS)) {
      return processor.raise(EventDelivery.DEBUG, 0, 0);
    }
    if (processor.inNonRoot()) {
      return pollNonRoot();
    }
    if (nmiPending && !blocked(Interruptibility.NMI | Interruptibility.MOV_SS)) {
      return deliverNmi();
    }
    return interruptPending && interruptWindowOpen() ? deliverInterrupt() : StepOutcome.DONE;
  }

  private StepOutcome pollNonRoot() {
    Intercepts intercepts = processor.intercepts();
    if (intercepts.on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER) && preemptionTimerValue() == 0) {
      return processor.vmExit().event(ExitReason.PREEMPTION_TIMER);
    }
    if (intercepts.on(PrimaryControl.NMI_WINDOW_EXITING)
        && !blocked(Interruptibility.NMI | Interruptibility.MOV_SS)) {
      return processor.vmExit().event(ExitReason.NMI_WINDOW);
    }
    if (nmiPending && nmiUnblocked(intercepts)) {
      return intercepts.on(PinControl.NMI_EXITING) ? exitNmi() : deliverNmi();
    }
    if (intercepts.on(PrimaryControl.INTERRUPT_WINDOW_EXITING) && interruptWindowOpen()) {
      return processor.vmExit().event(ExitReason.INTERRUPT_WINDOW);
    }
    if (!interruptPending || state.activity == ActivityState.SHUTDOWN) {
      return StepOutcome.DONE;
    }
    if (intercepts.on(PinControl.EXTERNAL_INTERRUPT_EXITING)) {
      return exitInterrupt();
    }
    return interruptWindowOpen() ? deliverInterrupt() : StepOutcome.DONE;
  }

  /** NMI blocking is virtual, and does not block NMIs, while "virtual NMIs" is 1 (26.6.1). */
  private boolean nmiUnblocked(Intercepts intercepts) {
    int blocking = intercepts.on(PinControl.VIRTUAL_NMIS) ? 0 : Interruptibility.NMI;
    return !blocked(blocking | Interruptibility.MOV_SS);
  }

  private boolean blocked(int blocking) {
    return (state.interruptibility & blocking) != 0;
  }

  /** RFLAGS.IF is 1 and neither STI nor MOV SS nor shutdown blocks. */
  private boolean interruptWindowOpen() {
    return (state.controlFlags() & CpuState.IF) != 0
        && !blocked(Interruptibility.SHADOW)
        && state.activity != ActivityState.SHUTDOWN;
  }

  private StepOutcome exitNmi() {
    nmiPending = false;
    long information =
        InterruptionInformation.encode(EventDelivery.NMI, EventType.NON_MASKABLE_INTERRUPT, false);
    return processor.vmExit().vectored(ExitReason.EXCEPTION_NMI, information, 0, 0, state.rflags());
  }

  /** The interrupt stays pending unless "acknowledge interrupt on exit" is 1 (27.1, 27.2.2). */
  private StepOutcome exitInterrupt() {
    Vmcs vmcs = processor.controlling();
    long information = 0;
    if (ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT.in(vmcs.get(VmcsField.VM_EXIT_CONTROLS))) {
      information =
          InterruptionInformation.encode(acknowledge(), EventType.EXTERNAL_INTERRUPT, false);
    }
    return processor
        .vmExit()
        .vectored(ExitReason.EXTERNAL_INTERRUPT, information, 0, 0, state.rflags());
  }

  private StepOutcome deliverNmi() {
    nmiPending = false;
    state.interruptibility |= Interruptibility.NMI;
    return processor.events().interrupt(EventDelivery.NMI, EventType.NON_MASKABLE_INTERRUPT);
  }

  private StepOutcome deliverInterrupt() {
    return processor.events().interrupt(acknowledge(), EventType.EXTERNAL_INTERRUPT);
  }

  /**
   * Whether time cannot bring an event about within that many instructions and cycles.
   *
   * <p>Interrupts that are pending already are {@link #poll}'s business.
   */
  boolean isQuietFor(long instructions, long cycles) {
    InterruptSource source = timer;
    if (source != null
        && source.isDue(processor.now() + cycles, processor.instructions() + instructions)) {
      return false;
    }
    return !processor.intercepts().on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
        || preemptionTimerValue() << preemptionTimerRate > cycles;
  }

  /**
   * Cycles until time alone brings an event about: 0 if one is due, -1 if none ever will be. A
   * timer that counts instructions strikes at once, for a halted processor retires none.
   */
  long cyclesUntilEvent() {
    if (nmiPending) {
      return 0;
    }
    long wait = -1;
    if (interruptEndsWait()) {
      InterruptSource source = timer;
      if (interruptPending) {
        return 0;
      }
      if (source != null) {
        wait = source.cyclesUntilDue(processor.now(), processor.instructions());
      }
    }
    if (processor.intercepts().on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)) {
      long left = preemptionTimerValue() << preemptionTimerRate;
      wait = wait < 0 ? left : Math.min(wait, left);
    }
    return wait;
  }

  /** Root software that waits for its guest takes any interrupt; HLT with IF = 0 takes none. */
  private boolean interruptEndsWait() {
    return state.activity == ActivityState.ACTIVE
        || interruptWindowOpen()
        || (processor.inNonRoot()
            && processor.intercepts().on(PinControl.EXTERNAL_INTERRUPT_EXITING));
  }
}
