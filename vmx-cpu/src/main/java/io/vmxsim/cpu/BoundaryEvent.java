package io.vmxsim.cpu;

/**
 * What may happen on the boundary between two instructions, in the order of its priority: "Priority
 * Among Simultaneous Exceptions and Interrupts" (6.9, Table 6-2) with the VM exits that 25.2,
 * 25.5.1, 25.5.2 and 26.6.3 to 26.6.8 rank among them.
 *
 * <p>A row says what blocks the event: activity states (24.4.2, Table 24-1; 26.6.2) and bits of the
 * interruptibility state (Table 24-3). Conditions that depend on more are {@link PendingEvents}'.
 */
enum BoundaryEvent {
  /** What follows a write to the APIC-access page (29.4.3.2). */
  APIC_WRITE(States.RUNNING, 0),
  /** The VM exit that a TPR threshold above VTPR makes at VM entry (26.6.7). */
  TPR_BELOW_THRESHOLD(States.RUNNING, 0),
  /** The VM exit after an instruction that asserted a bus lock (28.2, June 2026). */
  BUS_LOCK(States.RUNNING, 0),
  /** An INIT signal. */
  INIT(States.RUNNING | States.SHUTDOWN, 0),
  /** A start-up IPI; in every other state it is lost when it arrives. */
  SIPI(States.WAIT_FOR_SIPI, 0),
  /** A pending MTF VM exit (25.5.2, 26.6.8). */
  MONITOR_TRAP(States.RUNNING, 0),
  /** Traps on the previous instruction: pending debug exceptions (26.6.3). */
  DEBUG_TRAP(States.RUNNING, Interruptibility.MOV_SS),
  /** The VM exit of the VMX-preemption timer (25.5.1). */
  PREEMPTION_TIMER(States.RUNNING | States.SHUTDOWN, 0),
  /** The VM exit of "NMI-window exiting" (26.6.6). */
  NMI_WINDOW(States.RUNNING | States.SHUTDOWN, Interruptibility.MOV_SS | Interruptibility.NMI),
  /** A non-maskable interrupt; STI inhibits it for an instruction, as it may (volume 2, STI). */
  NMI(States.RUNNING | States.SHUTDOWN, Interruptibility.SHADOW),
  /**
   * The guest timer's deadline has been reached: a virtual interrupt becomes pending (28.5.10.2,
   * June 2026). External interrupts come before it.
   */
  GUEST_TIMER(States.RUNNING, 0),
  /** The VM exit of "interrupt-window exiting" (26.6.5). */
  INTERRUPT_WINDOW(States.RUNNING, Interruptibility.SHADOW),
  /** A virtual interrupt that has been recognized (29.2.2). */
  VIRTUAL_INTERRUPT(States.RUNNING, Interruptibility.SHADOW),
  /** A maskable interrupt from outside. */
  EXTERNAL_INTERRUPT(States.RUNNING, 0);

  /** Sets of activity states, as bits 1 &lt;&lt; number. */
  private static final class States {
    static final int RUNNING =
        1 << ActivityState.ACTIVE | 1 << ActivityState.HLT | 1 << ActivityState.MWAIT;
    static final int SHUTDOWN = 1 << ActivityState.SHUTDOWN;
    static final int WAIT_FOR_SIPI = 1 << ActivityState.WAIT_FOR_SIPI;
  }

  private static final BoundaryEvent[] BY_PRIORITY = values();

  private final int states;
  private final int blockedBy;

  BoundaryEvent(int states, int blockedBy) {
    this.states = states;
    this.blockedBy = blockedBy;
  }

  /** The bit that stands for this event in a set of events. */
  @SuppressWarnings("EnumOrdinal") // the declaration order is that of priority
  int mask() {
    return 1 << ordinal();
  }

  /** The event of the highest priority in a set that is not empty. */
  static BoundaryEvent first(int events) {
    return BY_PRIORITY[Integer.numberOfTrailingZeros(events)];
  }

  /** Whether neither the activity state nor the interruptibility state blocks it. */
  boolean isUnblocked(int activity, int interruptibility) {
    return (states >>> activity & 1) != 0 && (interruptibility & blockedBy) == 0;
  }
}
