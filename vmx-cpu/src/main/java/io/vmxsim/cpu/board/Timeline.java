package io.vmxsim.cpu.board;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The time of a board, in cycles of its processors' clock, and what is to happen at which time.
 * Devices with a clock of their own count its ticks with {@link #ticks} and {@link #cycleOf}.
 */
public final class Timeline {
  /** No time at all. */
  public static final long NEVER = Long.MAX_VALUE;

  private final LongSupplier clock;
  private final long hertz;
  private final List<Alarm> alarms = new ArrayList<>();

  /**
   * @param clock the time now, in cycles
   * @param hertz cycles per second
   */
  public Timeline(LongSupplier clock, long hertz) {
    this.clock = clock;
    this.hertz = hertz;
  }

  /** Something that happens once at a time that can be changed. */
  public static final class Alarm {
    private final Runnable action;
    private long due = NEVER;

    private Alarm(Runnable action) {
      this.action = action;
    }

    /** Chooses when, in cycles; {@link #NEVER} cancels. */
    public void setDue(long cycle) {
      due = cycle;
    }
  }

  /** A new alarm, not due at any time. */
  public Alarm alarm(Runnable action) {
    Alarm alarm = new Alarm(action);
    alarms.add(alarm);
    return alarm;
  }

  /** The time now, in cycles. */
  public long now() {
    return clock.getAsLong();
  }

  /** The ticks of a clock of {@code frequency} Hz up to now, the board's start being tick 0. */
  public long ticks(long frequency) {
    long seconds = now() / hertz;
    return seconds * frequency + now() % hertz * frequency / hertz;
  }

  /** The first cycle at which {@link #ticks} is {@code tick}. */
  public long cycleOf(long tick, long frequency) {
    long seconds = tick / frequency;
    long rest = tick % frequency * hertz;
    return seconds * hertz + (rest + frequency - 1) / frequency;
  }

  /** When the next alarm is due, in cycles; {@link #NEVER} if none is. */
  public long nextDue() {
    long next = NEVER;
    for (Alarm alarm : alarms) {
      next = Math.min(next, alarm.due);
    }
    return next;
  }

  /** Lets all happen that is due up to now, the earliest first, equals in the order of creation. */
  public void runDue() {
    for (long next = nextDue(); next <= now(); next = nextDue()) {
      for (Alarm alarm : alarms) {
        if (alarm.due == next) {
          alarm.due = NEVER;
          alarm.action.run();
          break;
        }
      }
    }
  }
}
