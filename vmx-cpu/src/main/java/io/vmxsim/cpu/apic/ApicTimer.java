package io.vmxsim.cpu.apic;

/**
 * The local APIC's timer ("APIC Timer", 10.5.4): one-shot, periodic, and TSC-deadline mode. It
 * keeps the time at which it strikes, in core cycles, and computes its count from that.
 *
 * <p>A change between one-shot and periodic mode leaves the count running, as processors do; the
 * SDM has it disarm the timer.
 */
final class ApicTimer {
  /** The time of what never happens. */
  static final long NEVER = Long.MAX_VALUE;

  private static final int PERIODIC = 1 << 17;
  private static final int TSC_DEADLINE = 1 << 18;

  private final int cyclesPerTick;
  private int mode;
  private int initialCount;
  private int divideConfiguration;
  private long deadline;
  private long strikes = NEVER;
  private long shortestPeriod = 1;

  /**
   * A stopped timer.
   *
   * @param cyclesPerTick core cycles for one tick of its clock, before that is divided
   */
  ApicTimer(int cyclesPerTick) {
    this.cyclesPerTick = cyclesPerTick;
  }

  /** Has it strike, in periodic mode, no more often than each time so many cycles have passed. */
  void setShortestPeriod(long cycles) {
    shortestPeriod = cycles;
  }

  void reset() {
    mode = 0;
    initialCount = 0;
    divideConfiguration = 0;
    deadline = 0;
    strikes = NEVER;
  }

  /** When the timer strikes next, in core cycles, or {@link #NEVER}. */
  long strikes() {
    return strikes;
  }

  /** The timer strikes, at {@code now} or, unnoticed, before: it reloads, or stops. */
  void strike(long now) {
    if (inDeadlineMode()) {
      deadline = 0;
      strikes = NEVER;
    } else if ((mode & PERIODIC) != 0) {
      long period = period();
      strikes += ((now - strikes) / period + 1) * period;
    } else {
      strikes = NEVER;
    }
  }

  /** Takes the timer mode out of the LVT's timer register. */
  void setMode(int entry) {
    int changed = mode ^ entry;
    mode = entry & (PERIODIC | TSC_DEADLINE);
    if ((changed & TSC_DEADLINE) != 0) {
      deadline = 0;
      strikes = NEVER;
    }
  }

  private boolean inDeadlineMode() {
    return (mode & TSC_DEADLINE) != 0;
  }

  // ---- Counting down -------------------------------------------------------------------------

  int initialCount() {
    return initialCount;
  }

  /** Starts to count down, or stops at 0. In TSC-deadline mode nothing happens. */
  void setInitialCount(int count, long now) {
    if (!inDeadlineMode()) {
      initialCount = count;
      strikes = count == 0 ? NEVER : now + period();
    }
  }

  /** The count; the timer must not be due. */
  int currentCount(long now) {
    if (inDeadlineMode() || strikes == NEVER) {
      return 0;
    }
    long tick = tick();
    return (int) ((strikes - now + tick - 1) / tick);
  }

  int divideConfiguration() {
    return divideConfiguration;
  }

  /** The count goes on from where it is, at the new rate. */
  void setDivideConfiguration(int configuration, long now) {
    long count = Integer.toUnsignedLong(currentCount(now));
    divideConfiguration = configuration;
    if (count != 0) {
      strikes = now + count * tick();
    }
  }

  /** Bits 0, 1 and 3: 0 divides by 2, 1 by 4, ... 6 by 128, and 7 by 1. */
  private long tick() {
    int value = (divideConfiguration & 3) | (divideConfiguration >>> 1 & 4);
    return (long) cyclesPerTick << (value + 1 & 7);
  }

  private long period() {
    long cycles = Integer.toUnsignedLong(initialCount) * tick();
    return (mode & PERIODIC) != 0 ? Math.max(cycles, shortestPeriod) : cycles;
  }

  // ---- TSC-deadline mode ---------------------------------------------------------------------

  /** IA32_TSC_DEADLINE. */
  long deadline() {
    return deadline;
  }

  /** Arms the timer, or disarms it with 0. In other modes nothing happens. */
  void setDeadline(long newDeadline, long timeStampCounter, long now) {
    if (inDeadlineMode()) {
      deadline = newDeadline;
      strikes = NEVER;
      timeStampChanged(timeStampCounter, now);
    }
  }

  /** The time-stamp counter was set: a deadline comes sooner or later. */
  void timeStampChanged(long timeStampCounter, long now) {
    if (deadline == 0) {
      return;
    }
    if (Long.compareUnsigned(deadline, timeStampCounter) <= 0) {
      strikes = now;
      return;
    }
    long left = deadline - timeStampCounter;
    strikes = left < 0 || now + left < 0 ? NEVER : now + left;
  }
}
