package io.vmxsim.cpu;

/**
 * A periodic interrupt: it asks for {@code vector} each time {@code period} units have gone by, in
 * cycles ({@link Processor#now}) or in retired instructions. A tick that falls due while the one
 * before is still pending is lost, as with any edge-triggered timer.
 */
public final class InterruptSource {
  private final int vector;
  private final long period;
  private final boolean inInstructions;
  private long due;

  private InterruptSource(int vector, long period, boolean inInstructions) {
    if (vector < 32 || vector > 255) {
      throw new IllegalArgumentException("interrupt vector " + vector + " is not in 32..255");
    }
    if (period <= 0) {
      throw new IllegalArgumentException("timer period " + period + " is not positive");
    }
    this.vector = vector;
    this.period = period;
    this.inInstructions = inInstructions;
    due = period;
  }

  /** A timer in simulated time: a slower machine takes more ticks for the same work. */
  public static InterruptSource everyCycles(long period, int vector) {
    return new InterruptSource(vector, period, false);
  }

  /** A timer in retired instructions: the same work takes the same ticks on any machine. */
  public static InterruptSource everyInstructions(long period, int vector) {
    return new InterruptSource(vector, period, true);
  }

  /** The vector it asks for. */
  public int vector() {
    return vector;
  }

  /** Whether a tick is due now. */
  boolean isDue(long cycles, long instructions) {
    return (inInstructions ? instructions : cycles) >= due;
  }

  /** Takes the tick that is due and any that passed unnoticed since. */
  void take(long cycles, long instructions) {
    long position = inInstructions ? instructions : cycles;
    due += ((position - due) / period + 1) * period;
  }

  /**
   * Cycles of idle time until the next tick. A halted processor retires no instructions, so a timer
   * that counts them ticks at once: its count is moved up to {@code instructions}.
   */
  long cyclesUntilDue(long now, long instructions) {
    if (inInstructions) {
      due = Math.min(due, instructions);
      return 0;
    }
    return Math.max(0, due - now);
  }
}
