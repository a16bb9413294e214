package io.vmxsim.cpu.apic;

import io.vmxsim.cpu.apic.LocalVectorTable.Source;
import org.jspecify.annotations.Nullable;

/**
 * The local APIC of one processor ("Local APIC", 10.4): what becomes of interrupts that arrive from
 * others and from inside, and what the processor is told of them.
 *
 * <p>Its parts: {@link ApicBase} is the mode, {@link ApicIdentity} the names under which messages
 * reach it, {@link FixedInterrupts} what waits and what is in service, {@link ApicTimer} the timer,
 * {@link ApicRegisterFile} how software reaches all that.
 */
public final class LocalApic implements InterruptController {
  /** The time of what does not happen. */
  public static final long NEVER = ApicTimer.NEVER;

  private static final int FIRST_LEGAL_VECTOR = 16;

  private static final int SOFTWARE_ENABLE = 1 << 8;
  private static final int SUPPRESS_EOI_BROADCASTS = 1 << 12;
  private static final int SPURIOUS_VECTOR_RESET = 0xff;

  private static final long LEVEL_ASSERT = 1 << 14;
  private static final long LEVEL_TRIGGERED = 1 << 15;
  private static final int SHORTHAND_SHIFT = 18;
  private static final long SELF = 1 << SHORTHAND_SHIFT;

  private final ApicIdentity identity;
  private final ApicNetwork network;
  private final ApicSignals processor;
  private final ApicBase base;
  private final FixedInterrupts fixed = new FixedInterrupts();
  private final LocalVectorTable localVectors = new LocalVectorTable();
  private final ErrorStatus errors = new ErrorStatus();
  private final ApicTimer timer;
  private final ApicRegisterFile registers;
  private @Nullable InterruptController external;

  private int spuriousVector = SPURIOUS_VECTOR_RESET;

  /**
   * A local APIC after power-up, in xAPIC mode (10.4.7.1); the first on its network belongs to the
   * bootstrap processor.
   *
   * @param initialId its x2APIC ID, the lowest 8 bits of which are its xAPIC ID
   */
  public LocalApic(
      int initialId, ApicFeatures features, ApicNetwork network, ApicSignals processor) {
    identity = new ApicIdentity(initialId);
    this.network = network;
    this.processor = processor;
    base = new ApicBase(network.processors().isEmpty(), features);
    timer = new ApicTimer(features.cyclesPerTick());
    registers = new ApicRegisterFile(this, features);
    network.add(this);
  }

  /** Keeps a periodic timer from striking more often than each time so many cycles have passed. */
  public void setShortestTimerPeriod(long cycles) {
    timer.setShortestPeriod(cycles);
  }

  /** The ID that CPUID reports: 32 bits, of which leaf 1 shows 8. */
  public int initialId() {
    return identity.initialId();
  }

  /** Whether it belongs to the bootstrap processor. */
  public boolean isBootstrap() {
    return base.isBootstrap();
  }

  /** Whether IA32_APIC_BASE enables the local APIC, as CPUID.01H:EDX[9] shows. */
  public boolean isEnabled() {
    return base.isEnabled();
  }

  /** Whether the local APIC is in x2APIC mode. */
  public boolean isX2apic() {
    return base.isX2apic();
  }

  /** Whether the spurious-interrupt vector register too enables it. */
  boolean isSoftwareEnabled() {
    return base.isEnabled() && (spuriousVector & SOFTWARE_ENABLE) != 0;
  }

  /** Attaches the controller at LINT0, the 8259A pair of a PC. */
  public void setExternal(InterruptController controller) {
    external = controller;
  }

  /**
   * Leaves the local APIC as firmware leaves that of the bootstrap processor: enabled, interrupts
   * of the 8259A pair at LINT0, NMIs at LINT1 ("Virtual Wire Mode", MultiProcessor Specification
   * 1.4, 3.6.2.2).
   */
  public void enableVirtualWireMode() {
    spuriousVector |= SOFTWARE_ENABLE;
    localVectors.set(Source.LINT0, DeliveryMode.EXTINT.bits(), false);
    localVectors.set(Source.LINT1, DeliveryMode.NMI.bits(), false);
  }

  // ---- The processor's side ------------------------------------------------------------------

  @Override
  public boolean hasInterrupt() {
    return fixed.offered() >= 0 || hasExternalInterrupt();
  }

  @Override
  public int acknowledge() {
    InterruptController controller = external;
    return controller != null && hasExternalInterrupt()
        ? controller.acknowledge()
        : fixed.acknowledge();
  }

  /** Interrupts of the 8259A pair come through LINT0, or directly while there is no local APIC. */
  private boolean hasExternalInterrupt() {
    InterruptController controller = external;
    return controller != null
        && controller.hasInterrupt()
        && (!base.isEnabled()
            || (!localVectors.isMasked(Source.LINT0)
                && localVectors.mode(Source.LINT0) == DeliveryMode.EXTINT));
  }

  /** The task priority, of which CR8 is bits 7:4. */
  public int taskPriority() {
    return fixed.taskPriority();
  }

  /** Sets the task priority, 0 to 255. */
  public void setTaskPriority(int priority) {
    fixed.setTaskPriority(priority);
  }

  int arbitrationPriority() {
    return fixed.arbitrationPriority();
  }

  /** When the timer strikes next, in core cycles, or {@link #NEVER}. */
  public long timerStrikes() {
    return timer.strikes();
  }

  /** Lets the timer's interrupt happen if it is due. */
  public void runTimer() {
    long now = processor.cycles();
    if (now >= timer.strikes()) {
      timer.strike(now);
      deliver(Source.TIMER);
    }
  }

  /** The time-stamp counter was set. */
  public void timeStampChanged() {
    timer.timeStampChanged(processor.timeStampCounter(), processor.cycles());
  }

  /** IA32_TSC_DEADLINE. */
  public long tscDeadline() {
    runTimer();
    return timer.deadline();
  }

  /** Writes IA32_TSC_DEADLINE. */
  public void setTscDeadline(long deadline) {
    timer.setDeadline(deadline, processor.timeStampCounter(), processor.cycles());
  }

  /** An INIT: all registers but the ID, in the mode that the APIC is in (10.4.7.3, 10.12.5.1). */
  public void init() {
    reset();
  }

  private void reset() {
    fixed.reset();
    localVectors.reset();
    errors.reset();
    timer.reset();
    identity.reset();
    registers.reset();
    spuriousVector = SPURIOUS_VECTOR_RESET;
  }

  // ---- Interrupts that arrive ----------------------------------------------------------------

  boolean isDestination(InterruptMessage message) {
    return identity.isNamedBy(message, base.isX2apic());
  }

  /**
   * Takes a message that is for this APIC. SMIs are not modelled; ExtINT comes by LINT0 only.
   *
   * @return whether it was accepted
   */
  boolean accept(InterruptMessage message) {
    if (!base.isEnabled()) {
      return false;
    }
    switch (message.mode()) {
      case FIXED, LOWEST_PRIORITY -> {
        return isSoftwareEnabled() && accept(message.vector(), message.levelTriggered());
      }
      case NMI -> processor.nmi();
      case INIT -> processor.init();
      case START_UP -> processor.startUp(message.vector());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean accept(int vector, boolean levelTriggered) {
    if (vector < FIRST_LEGAL_VECTOR) {
      error(ErrorStatus.RECEIVE_ILLEGAL_VECTOR);
      return false;
    }
    fixed.request(vector, levelTriggered);
    return true;
  }

  /** A local interrupt ("Local Vector Table", 10.5.1); all modelled ones are edge-triggered. */
  private void deliver(Source source) {
    if (localVectors.isMasked(source)) {
      return;
    }
    if (source == Source.PERFORMANCE) {
      localVectors.mask(source);
    }
    DeliveryMode mode = localVectors.mode(source);
    if (mode == DeliveryMode.FIXED) {
      accept(localVectors.vector(source), false);
    } else if (mode == DeliveryMode.NMI) {
      processor.nmi();
    } else if (mode == DeliveryMode.INIT) {
      processor.init();
    }
  }

  /** A performance counter overflowed. */
  public void performanceInterrupt() {
    deliver(Source.PERFORMANCE);
  }

  void error(int error) {
    if (errors.detect(error)) {
      deliver(Source.ERROR);
    }
  }

  /** A write to the EOI register ("Signaling Interrupt Servicing Completion", 10.8.5). */
  public void endOfInterrupt() {
    int vector = fixed.end();
    boolean broadcasts = (spuriousVector & SUPPRESS_EOI_BROADCASTS) == 0;
    if (vector >= 0 && broadcasts && fixed.levelTriggered().contains(vector)) {
      network.endOfInterrupt(vector);
    }
  }

  /** Whether the end of the interrupt in service changes nothing but that it is not in service. */
  public boolean mayEndUnseen() {
    int vector = fixed.inService().highest();
    return vector >= 0 && !hasRequest() && !fixed.levelTriggered().contains(vector);
  }

  /**
   * Whether a fixed interrupt has been requested and is not in service yet, whatever outranks it.
   */
  public boolean hasRequest() {
    return !fixed.requested().isEmpty();
  }

  /** The highest vector that has been requested and is not in service yet, or -1. */
  public int highestRequest() {
    return fixed.requested().highest();
  }

  // ---- IPIs ----------------------------------------------------------------------------------

  /** Sends the notification of a posted interrupt, as this APIC's ICR would. */
  public void notifyPosted(int destination, int vector) {
    network.send(InterruptMessage.ofNotification(destination, isX2apic(), vector));
  }

  /**
   * Sends an interrupt to an APIC by its ID, on behalf of this one's processor.
   *
   * @return whether there is one that accepted it
   */
  public boolean sendTo(int destination, DeliveryMode mode, int vector) {
    return network.send(new InterruptMessage(destination, false, mode, vector, false));
  }

  /** Sends what a value of the ICR says ("Interrupt Command Register (ICR)", 10.6.1). */
  void send(long command) {
    InterruptMessage message = InterruptMessage.ofCommand(command, base.isX2apic());
    boolean deassert =
        message.mode() == DeliveryMode.INIT
            && (command & (LEVEL_TRIGGERED | LEVEL_ASSERT)) == LEVEL_TRIGGERED;
    if (deassert) {
      return;
    }
    if (message.mode().usesVector() && message.vector() < FIRST_LEGAL_VECTOR) {
      error(ErrorStatus.SEND_ILLEGAL_VECTOR);
      return;
    }
    switch ((int) (command >>> SHORTHAND_SHIFT) & 3) {
      case 0 -> network.send(message);
      case 1 -> accept(message);
      case 2 -> network.broadcast(message, null);
      default -> network.broadcast(message, this);
    }
  }

  /** Sends a fixed interrupt to this APIC itself ("SELF IPI Register", 10.12.11). */
  void sendToSelf(int vector) {
    send(SELF | vector);
  }

  // ---- What the registers stand for ----------------------------------------------------------

  ApicIdentity identity() {
    return identity;
  }

  FixedInterrupts fixed() {
    return fixed;
  }

  LocalVectorTable localVectors() {
    return localVectors;
  }

  ErrorStatus errors() {
    return errors;
  }

  /** The timer, with what was due by now done. */
  ApicTimer timer() {
    runTimer();
    return timer;
  }

  long now() {
    return processor.cycles();
  }

  int spuriousVector() {
    return spuriousVector;
  }

  void setSpuriousVector(int register) {
    spuriousVector = register;
    if (!isSoftwareEnabled()) {
      localVectors.maskAll();
    }
  }

  void setLocalVector(Source source, int entry) {
    if (source == Source.TIMER) {
      timer().setMode(entry);
    }
    localVectors.set(source, entry, !isSoftwareEnabled());
  }

  // ---- How software reaches the registers ----------------------------------------------------

  /** The registers, memory-mapped or as MSRs. */
  public ApicRegisterFile registers() {
    return registers;
  }

  /** Whether a physical address is in the page of registers, which exists in xAPIC mode only. */
  public boolean isMapped(long address) {
    return address >>> 12 == base.address() >>> 12 && base.isEnabled() && !base.isX2apic();
  }

  /** IA32_APIC_BASE. */
  public long apicBase() {
    return base.get();
  }

  /**
   * WRMSR of IA32_APIC_BASE. Disabling returns the registers to their state after power-up.
   *
   * @return false where WRMSR gets #GP(0)
   */
  public boolean writeApicBase(long newValue) {
    boolean wasX2apic = base.isX2apic();
    boolean wasEnabled = base.isEnabled();
    if (!base.write(newValue)) {
      return false;
    }
    if (wasEnabled && !base.isEnabled()) {
      reset();
      identity.forgetWrittenId();
    } else if (base.isX2apic() && !wasX2apic) {
      registers.enterX2apicMode();
    }
    return true;
  }
}
