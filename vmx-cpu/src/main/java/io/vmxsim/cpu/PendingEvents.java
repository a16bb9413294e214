package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.ApicSignals;
import io.vmxsim.cpu.apic.InterruptController;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.apic.PendingVectors;
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
 * Events that arrive between instructions and what they do there ("Other Causes of VM Exits", 25.2,
 * and "Event Blocking", 25.4.1), in the order of {@link BoundaryEvent}.
 *
 * <p>Interrupts come from the local APIC if there is one, else from a pending bit per vector, the
 * highest vector first.
 */
public final class PendingEvents implements ApicSignals {
  /** Events that end with VMX non-root operation. */
  private static final int OF_NON_ROOT =
      BoundaryEvent.APIC_WRITE.mask()
          | BoundaryEvent.TPR_BELOW_THRESHOLD.mask()
          | BoundaryEvent.BUS_LOCK.mask()
          | BoundaryEvent.MONITOR_TRAP.mask()
          | BoundaryEvent.PREEMPTION_TIMER.mask()
          | BoundaryEvent.NMI_WINDOW.mask()
          | BoundaryEvent.GUEST_TIMER.mask()
          | BoundaryEvent.INTERRUPT_WINDOW.mask()
          | BoundaryEvent.VIRTUAL_INTERRUPT.mask();

  private final Processor processor;
  private final CpuState state;
  private final PendingVectors requests = new PendingVectors();

  /**
   * The set of events that may be due, by {@link BoundaryEvent#mask}, without those that {@link
   * #candidates()} finds elsewhere; never one too few.
   */
  private int candidates;

  private InterruptController controller = requests;
  private @Nullable LocalApic localApic;
  private final InstructionTimeout timeout;
  private final VmxPreemptionTimer preemptionTimer;
  private int startUpVector;
  private boolean unblockedByIret;
  private @Nullable InterruptSource timer;

  PendingEvents(Processor processor) {
    this.processor = processor;
    state = processor.state();
    timeout = new InstructionTimeout(processor);
    preemptionTimer = new VmxPreemptionTimer(processor);
  }

  /** Sets the periodic interrupt; null for none. */
  public void setTimer(@Nullable InterruptSource newTimer) {
    timer = newTimer;
  }

  /** Takes interrupts from a local APIC from now on. */
  void attach(LocalApic apic) {
    localApic = apic;
    controller = apic;
  }

  /** Asks for an external interrupt. */
  public void requestInterrupt(int vector) {
    requests.request(vector);
  }

  /** Asks for a non-maskable interrupt. */
  public void requestNmi() {
    add(BoundaryEvent.NMI);
  }

  /** An INIT signal arrives; it is held while the processor is in VMX root operation. */
  public void requestInit() {
    if (state.activity != ActivityState.WAIT_FOR_SIPI || processor.inNonRoot()) {
      add(BoundaryEvent.INIT);
    }
  }

  /** A start-up IPI, which is lost unless the processor waits for one, or is about to. */
  public void requestStartUp(int vector) {
    boolean aboutTo = has(BoundaryEvent.INIT) && !processor.vmx().isOn();
    if (state.activity == ActivityState.WAIT_FOR_SIPI || aboutTo) {
      startUpVector = vector;
      add(BoundaryEvent.SIPI);
    }
  }

  /** A write to the APIC-access page was virtualized: its emulation follows the operation. */
  void pendApicWrite() {
    add(BoundaryEvent.APIC_WRITE);
  }

  /** VM entry found VTPR below the TPR threshold (26.6.7). */
  void pendTprBelowThreshold() {
    add(BoundaryEvent.TPR_BELOW_THRESHOLD);
  }

  /** The instruction under way has asserted a bus lock, while "VMM bus-lock detection" is 1. */
  public void pendBusLock() {
    add(BoundaryEvent.BUS_LOCK);
  }

  /** Whether an instruction has asserted a bus lock and no VM exit has told of it. */
  boolean isBusLockPending() {
    return has(BoundaryEvent.BUS_LOCK);
  }

  /** Whether a virtual interrupt is recognized from now on (29.2.1). */
  void recognizeVirtualInterrupt(boolean recognized) {
    if (recognized) {
      add(BoundaryEvent.VIRTUAL_INTERRUPT);
    } else {
      remove(BoundaryEvent.VIRTUAL_INTERRUPT);
    }
  }

  /** The guest timer has a deadline from now on, or none. */
  void armGuestTimer(boolean armed) {
    if (armed) {
      add(BoundaryEvent.GUEST_TIMER);
    } else {
      remove(BoundaryEvent.GUEST_TIMER);
    }
  }

  /** Makes an MTF VM exit pending on the present instruction boundary (25.5.2). */
  public void pendMonitorTrap() {
    add(BoundaryEvent.MONITOR_TRAP);
  }

  /** An event was delivered through the IDT; it counts as an instruction for the MTF (25.5.2). */
  void delivered() {
    if (processor.intercepts().on(PrimaryControl.MONITOR_TRAP_FLAG)) {
      pendMonitorTrap();
    }
  }

  /** VM entry: the windows and the VMX-preemption timer that the controls open. */
  void enterNonRoot(Vmcs vmcs, long begin) {
    Intercepts intercepts = processor.intercepts();
    if (intercepts.on(PrimaryControl.NMI_WINDOW_EXITING)) {
      add(BoundaryEvent.NMI_WINDOW);
    }
    if (intercepts.on(PrimaryControl.INTERRUPT_WINDOW_EXITING)) {
      add(BoundaryEvent.INTERRUPT_WINDOW);
    }
    if (intercepts.on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)) {
      preemptionTimer.start(vmcs.get(VmcsField.VMX_PREEMPTION_TIMER_VALUE), begin);
      add(BoundaryEvent.PREEMPTION_TIMER);
    }
  }

  /** VM exit. */
  void leaveNonRoot() {
    candidates &= ~OF_NON_ROOT;
    unblockedByIret = false;
  }

  // ---- What the local APIC asks of its processor ---------------------------------------------

  @Override
  public long cycles() {
    return processor.now();
  }

  @Override
  public long timeStampCounter() {
    return processor.msrs().timeStampCounter();
  }

  @Override
  public void nmi() {
    requestNmi();
  }

  @Override
  public void init() {
    requestInit();
  }

  @Override
  public void startUp(int vector) {
    requestStartUp(vector);
  }

  // ---- Candidates ----------------------------------------------------------------------------

  private void add(BoundaryEvent event) {
    candidates |= event.mask();
  }

  private void remove(BoundaryEvent event) {
    candidates &= ~event.mask();
  }

  private boolean has(BoundaryEvent event) {
    return (candidates & event.mask()) != 0;
  }

  /**
   * Acknowledges the interrupt controller, as root software does by taking the interrupt that made
   * its guest exit.
   *
   * @return the vector of the most urgent interrupt, which is now being served, or -1
   */
  public int acknowledge() {
    return controller.acknowledge();
  }

  /**
   * IRET ends blocking by NMI, or virtual-NMI blocking, even if it goes on to fault; it does
   * neither while NMIs exit and are not virtual (26.6.1).
   */
  void iretBegins() {
    Intercepts intercepts = processor.intercepts();
    if (!intercepts.on(PinControl.NMI_EXITING) || intercepts.on(PinControl.VIRTUAL_NMIS)) {
      unblockedByIret = (state.interruptibility & Interruptibility.NMI) != 0;
      state.interruptibility &= ~Interruptibility.NMI;
    }
  }

  /** The IRET has completed, or its fault is being delivered. */
  void iretEnds() {
    unblockedByIret = false;
  }

  /** Whether the instruction under way is an IRET that ended blocking by NMI (27.2.1, 27.2.2). */
  boolean unblockedByIret() {
    return unblockedByIret;
  }

  VmxPreemptionTimer preemptionTimer() {
    return preemptionTimer;
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
    LocalApic apic = localApic;
    if (apic != null) {
      apic.runTimer();
    }
    boolean quiet =
        candidates == 0 && state.pendingDebugExceptions == 0 && !controller.hasInterrupt();
    return quiet ? StepOutcome.DONE : takeFirst();
  }

  private StepOutcome takeFirst() {
    for (int left = candidates(); left != 0; left &= left - 1) {
      BoundaryEvent event = BoundaryEvent.first(left);
      if (isDue(event)) {
        return take(event);
      }
    }
    return StepOutcome.DONE;
  }

  private int candidates() {
    int all = candidates;
    if (processor.debug().isTrapPending()) {
      all |= BoundaryEvent.DEBUG_TRAP.mask();
    }
    if (controller.hasInterrupt()) {
      all |= BoundaryEvent.EXTERNAL_INTERRUPT.mask();
    }
    return all;
  }

  private boolean isDue(BoundaryEvent event) {
    return event.isUnblocked(state.activity, state.interruptibility)
        && switch (event) {
          case INIT -> processor.inNonRoot() || !processor.vmx().isOn(); // blocked in VMX root
          case PREEMPTION_TIMER -> preemptionTimer.value() == 0;
          case NMI -> !nmiBlocked();
          case GUEST_TIMER -> processor.guestTimer().isDue() && !isExternalInterruptDue();
          case INTERRUPT_WINDOW, VIRTUAL_INTERRUPT -> interruptWindowOpen();
          case EXTERNAL_INTERRUPT ->
              processor.intercepts().on(PinControl.EXTERNAL_INTERRUPT_EXITING)
                  || interruptWindowOpen();
          default -> true;
        };
  }

  private boolean isExternalInterruptDue() {
    return controller.hasInterrupt() && isDue(BoundaryEvent.EXTERNAL_INTERRUPT);
  }

  private StepOutcome take(BoundaryEvent event) {
    Intercepts intercepts = processor.intercepts();
    return switch (event) {
      case APIC_WRITE -> emulateApicWrite();
      case TPR_BELOW_THRESHOLD -> exit(ExitReason.TPR_BELOW_THRESHOLD);
      case BUS_LOCK -> exit(ExitReason.BUS_LOCK);
      case INIT -> takeInit();
      case SIPI -> takeStartUp();
      case MONITOR_TRAP -> exit(ExitReason.MONITOR_TRAP_FLAG);
      case DEBUG_TRAP -> trap();
      case PREEMPTION_TIMER -> exit(ExitReason.PREEMPTION_TIMER);
      case NMI_WINDOW -> exit(ExitReason.NMI_WINDOW);
      case NMI -> intercepts.on(PinControl.NMI_EXITING) ? exitNmi() : deliverNmi();
      case GUEST_TIMER -> strikeGuestTimer();
      case INTERRUPT_WINDOW -> exit(ExitReason.INTERRUPT_WINDOW);
      case VIRTUAL_INTERRUPT -> processor.virtualApic().deliver();
      case EXTERNAL_INTERRUPT ->
          intercepts.on(PinControl.EXTERNAL_INTERRUPT_EXITING)
              ? exitInterrupt()
              : deliverInterrupt();
    };
  }

  /** Whatever else is due on the boundary comes after it. */
  private StepOutcome emulateApicWrite() {
    remove(BoundaryEvent.APIC_WRITE);
    StepOutcome outcome = processor.apicAccessPage().emulateWrite();
    return outcome == StepOutcome.DONE ? takeFirst() : outcome;
  }

  /** A debug exception with all that is pending, unless that has gone on for too long. */
  private StepOutcome trap() {
    return timeout.isOver()
        ? processor.vmExit().event(ExitReason.NOTIFY)
        : processor.raise(EventDelivery.DEBUG, 0, 0);
  }

  private StepOutcome strikeGuestTimer() {
    processor.guestTimer().strike();
    return takeFirst();
  }

  private StepOutcome exit(ExitReason reason) {
    return processor.vmExit().event(reason);
  }

  /** NMI blocking is virtual, and does not block NMIs, while "virtual NMIs" is 1 (26.6.1). */
  private boolean nmiBlocked() {
    return (state.interruptibility & Interruptibility.NMI) != 0
        && !processor.intercepts().on(PinControl.VIRTUAL_NMIS);
  }

  /** RFLAGS.IF is 1 and neither STI nor MOV SS blocks. */
  private boolean interruptWindowOpen() {
    return (state.controlFlags() & CpuState.IF) != 0
        && (state.interruptibility & Interruptibility.SHADOW) == 0;
  }

  /** In VMX non-root operation INIT exits and changes no register (25.2). */
  private StepOutcome takeInit() {
    remove(BoundaryEvent.INIT);
    if (processor.inNonRoot()) {
      return exit(ExitReason.INIT_SIGNAL);
    }
    StartUp.init(processor);
    return StepOutcome.FAULTED;
  }

  /** In VMX non-root operation a SIPI exits with its vector and changes no register (27.2.1). */
  private StepOutcome takeStartUp() {
    remove(BoundaryEvent.SIPI);
    if (processor.inNonRoot()) {
      return processor.vmExit().event(ExitReason.SIPI_SIGNAL, startUpVector);
    }
    StartUp.start(processor, startUpVector);
    return StepOutcome.FAULTED;
  }

  private StepOutcome exitNmi() {
    remove(BoundaryEvent.NMI);
    long information =
        InterruptionInformation.encode(EventDelivery.NMI, EventType.NON_MASKABLE_INTERRUPT, false);
    return processor.vmExit().vectored(ExitReason.EXCEPTION_NMI, information, 0, 0, state.rflags());
  }

  /** The interrupt stays pending unless "acknowledge interrupt on exit" is 1 (27.1, 27.2.2). */
  private StepOutcome exitInterrupt() {
    long information = 0;
    if (processor.controlling().enabled(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT)) {
      int vector = acknowledge();
      PostedInterrupts posted = processor.postedInterrupts();
      if (posted.isOn() && posted.isNotification(vector)) {
        posted.process();
        return takeFirst();
      }
      information = InterruptionInformation.encode(vector, EventType.EXTERNAL_INTERRUPT, false);
    }
    return processor
        .vmExit()
        .vectored(ExitReason.EXTERNAL_INTERRUPT, information, 0, 0, state.rflags());
  }

  private StepOutcome deliverNmi() {
    remove(BoundaryEvent.NMI);
    state.interruptibility |= Interruptibility.NMI;
    return processor.events().interrupt(EventDelivery.NMI, EventType.NON_MASKABLE_INTERRUPT);
  }

  private StepOutcome deliverInterrupt() {
    return processor.events().interrupt(acknowledge(), EventType.EXTERNAL_INTERRUPT);
  }

  /**
   * Whether instructions may run without a look at events: time cannot bring one about within that
   * many instructions and cycles, and the processor need not stop after each instruction.
   *
   * <p>Interrupts that are pending already are {@link Processor#pollEvents}' business.
   */
  public boolean isQuietFor(long instructions, long cycles) {
    InterruptSource source = timer;
    if (source != null
        && source.isDue(processor.now() + cycles, processor.instructions() + instructions)) {
      return false;
    }
    LocalApic apic = localApic;
    if (apic != null && apic.timerStrikes() - processor.now() <= cycles) {
      return false;
    }
    if (has(BoundaryEvent.GUEST_TIMER) && processor.guestTimer().cyclesUntilDue() <= cycles) {
      return false;
    }
    return !processor.intercepts().on(PrimaryControl.MONITOR_TRAP_FLAG)
        && (!has(BoundaryEvent.PREEMPTION_TIMER) || preemptionTimer.cyclesLeft() > cycles);
  }

  /** Whether what ends an MWAIT or its kin has come, though no event is delivered for it. */
  boolean waitIsOver() {
    OptimizedWait wait = processor.sensitive().waits().optimizedWait();
    return wait.isOver() || (wait.endsByMaskedInterrupt() && controller.hasInterrupt());
  }

  /**
   * Cycles until time alone brings an event about: 0 if one is due, -1 if none ever will be. A
   * timer that counts instructions strikes at once, for a halted processor retires none.
   */
  public long cyclesUntilEvent() {
    if (waitIsOver()) {
      return 0;
    }
    for (int left = candidates(); left != 0; left &= left - 1) {
      BoundaryEvent event = BoundaryEvent.first(left);
      if (isDue(event) || (event == BoundaryEvent.EXTERNAL_INTERRUPT && interruptEndsWait())) {
        return 0;
      }
    }
    long wait = processor.sensitive().waits().optimizedWait().cyclesUntilOver();
    InterruptSource source = timer;
    if (source != null && interruptEndsWait()) {
      wait = sooner(wait, source.cyclesUntilDue(processor.now(), processor.instructions()));
    }
    LocalApic apic = localApic;
    if (apic != null && apic.timerStrikes() != LocalApic.NEVER && interruptEndsWait()) {
      wait = sooner(wait, Math.max(0, apic.timerStrikes() - processor.now()));
    }
    if (has(BoundaryEvent.GUEST_TIMER)) {
      wait = sooner(wait, processor.guestTimer().cyclesUntilDue());
    }
    if (has(BoundaryEvent.PREEMPTION_TIMER)) {
      wait = sooner(wait, preemptionTimer.cyclesLeft());
    }
    return wait;
  }

  /** The shorter of two waits, the first of which may be endless, -1. */
  private static long sooner(long wait, long other) {
    return wait < 0 ? other : Math.min(wait, other);
  }

  /** Root software that waits for its guest takes any interrupt; HLT with IF = 0 takes none. */
  private boolean interruptEndsWait() {
    return state.activity == ActivityState.ACTIVE
        || (BoundaryEvent.EXTERNAL_INTERRUPT.isUnblocked(state.activity, 0)
            && (interruptWindowOpen()
                || processor.sensitive().waits().optimizedWait().endsByMaskedInterrupt()
                || processor.intercepts().on(PinControl.EXTERNAL_INTERRUPT_EXITING)));
  }
}
