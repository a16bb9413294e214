package io.vmxsim.cpu;

/**
 * The state that MWAIT, UMWAIT and TPAUSE wait in, {@link ActivityState#MWAIT}: what ends it
 * besides the events that are delivered.
 */
final class OptimizedWait {
  /** A wait of 2 to that many cycles has no end: no run comes so far. */
  private static final int LONGEST = 60;

  private final Processor processor;
  private final CpuState state;
  private final MonitoredLine line;
  private boolean watchesLine;
  private boolean endsByMasked;
  private boolean hasDeadline;
  private boolean deadlineIsLimit;

  /** The value of the time-stamp counter at which it ends. */
  private long deadline;

  OptimizedWait(Processor processor, MonitoredLine line) {
    this.processor = processor;
    this.line = line;
    state = processor.state();
  }

  /**
   * MWAIT waits for the line.
   *
   * @param byMasked whether interrupts end it though RFLAGS.IF is 0
   */
  void begin(boolean byMasked) {
    state.activity = ActivityState.MWAIT;
    watchesLine = true;
    endsByMasked = byMasked;
    hasDeadline = false;
    deadlineIsLimit = false;
  }

  /**
   * UMWAIT, which watches the line, or TPAUSE waits for a time, unless that has come already.
   *
   * @param until a value of the time-stamp counter
   * @param isLimit whether that is the operating system's limit, and RFLAGS.CF tells so if it ends
   */
  void beginUntil(long until, boolean isLimit, boolean watches) {
    deadline = until;
    if (timeLeft() == 0) {
      return;
    }
    state.activity = ActivityState.MWAIT;
    watchesLine = watches;
    endsByMasked = true;
    hasDeadline = timeLeft() >>> LONGEST == 0;
    deadlineIsLimit = isLimit;
  }

  private boolean isOn() {
    return state.activity == ActivityState.MWAIT;
  }

  private long timeLeft() {
    long now = processor.msrs().timeStampCounter();
    return Long.compareUnsigned(now, deadline) >= 0 ? 0 : deadline - now;
  }

  /** Whether it is on, and somebody has stored in its line or its time is up. */
  boolean isOver() {
    return isOn() && ((watchesLine && line.isTriggered()) || (hasDeadline && timeLeft() == 0));
  }

  /** Whether it is on, and interrupts end it though RFLAGS.IF is 0. */
  boolean endsByMaskedInterrupt() {
    return isOn() && endsByMasked;
  }

  /** Cycles until its time is up; -1 if it is not on or no time ends it. */
  long cyclesUntilOver() {
    long never = -1;
    return isOn() && hasDeadline ? timeLeft() : never;
  }

  /** No event ends it, but what {@link #isOver} or a masked interrupt is. */
  void end() {
    if (deadlineIsLimit && timeLeft() == 0) {
      state.setRflags(state.rflags() | CpuState.CF);
    }
    state.activity = ActivityState.ACTIVE;
  }
}
