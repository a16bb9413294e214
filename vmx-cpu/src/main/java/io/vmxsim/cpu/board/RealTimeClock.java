package io.vmxsim.cpu.board;

import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;

/**
 * The real-time clock and CMOS memory of a PC ("MC146818A Real-Time Clock plus RAM", Motorola),
 * index at port 70H, data at 71H. It starts at a fixed date: nothing here knows the host's time.
 */
public final class RealTimeClock implements PortDevice {
  /** Its interrupt request. */
  public static final int IRQ = 8;

  private static final int INDEX_PORT = 0x70;
  private static final int REGISTERS = 128;
  private static final LocalDateTime START = LocalDateTime.of(2026, 1, 1, 0, 0, 0);

  private static final int SECONDS = 0;
  private static final int SECONDS_ALARM = 1;
  private static final int MINUTES = 2;
  private static final int MINUTES_ALARM = 3;
  private static final int HOURS = 4;
  private static final int HOURS_ALARM = 5;
  private static final int DAY_OF_WEEK = 6;
  private static final int DAY = 7;
  private static final int MONTH = 8;
  private static final int YEAR = 9;
  private static final int A = 10;
  private static final int B = 11;
  private static final int C = 12;
  private static final int D = 13;

  /** The century, where PC firmware keeps it. */
  private static final int CENTURY = 0x32;

  private static final int A_UPDATE_IN_PROGRESS = 0x80;
  private static final int A_RESET = 0x26;
  private static final int B_SET = 0x80;
  private static final int B_PERIODIC = 0x40;
  private static final int B_BINARY = 0x04;
  private static final int B_24_HOURS = 0x02;
  private static final int C_REQUEST = 0x80;
  private static final int C_PERIODIC = 0x40;
  private static final int C_ALARM = 0x20;
  private static final int C_UPDATE_ENDED = 0x10;
  private static final int D_VALID = 0x80;
  private static final int PM = 0x80;

  /** Alarm registers: any value will do. */
  private static final int ANY = 0xc0;

  private static final long OSCILLATOR = 32_768;

  /** UIP is up for 244 microseconds before the update. */
  private static final long UPDATE_TICKS = 8;

  private final Timeline timeline;
  private final InterruptLine line;
  private final Timeline.Alarm update;
  private final Timeline.Alarm periodic;
  private final int[] registers = new int[REGISTERS];
  private int index;

  /** The time that the clock shows minus the time since the start, in seconds. */
  private long offset;

  /** A clock that runs, without interrupts. */
  public RealTimeClock(Timeline timeline, InterruptLine line) {
    this.timeline = timeline;
    this.line = line;
    registers[A] = A_RESET;
    registers[B] = B_24_HOURS;
    registers[D] = D_VALID;
    update = timeline.alarm(this::secondPasses);
    periodic = timeline.alarm(this::periodPasses);
  }

  /** Plugs the clock in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(INDEX_PORT, 2, this);
  }

  /** Puts a byte into the CMOS memory, as firmware does. */
  public void store(int register, int value) {
    registers[register] = value & 0xff;
  }

  @Override
  public int in(int port, int size) {
    return port == INDEX_PORT ? 0xff : read();
  }

  @Override
  public void out(int port, int size, int value) {
    if (port == INDEX_PORT) {
      index = value & REGISTERS - 1;
    } else {
      write(value);
    }
  }

  private int read() {
    LocalDateTime now = time();
    return switch (index) {
      case SECONDS -> encode(now.getSecond());
      case MINUTES -> encode(now.getMinute());
      case HOURS -> encodeHour(now.getHour());
      case DAY_OF_WEEK -> encode(now.getDayOfWeek().getValue() % 7 + 1);
      case DAY -> encode(now.getDayOfMonth());
      case MONTH -> encode(now.getMonthValue());
      case YEAR -> encode(now.getYear() % 100);
      case CENTURY -> encode(now.getYear() / 100);
      case A -> registers[A] | (isUpdating() ? A_UPDATE_IN_PROGRESS : 0);
      case C -> takeFlags();
      default -> registers[index];
    };
  }

  private void write(int value) {
    switch (index) {
      case A -> registers[A] = value & ~A_UPDATE_IN_PROGRESS;
      case B -> registers[B] = value;
      case C, D -> {} // read only
      default -> {
        setTime(value);
        registers[index] = value;
      }
    }
    schedule();
  }

  // ---- The time ------------------------------------------------------------------------------

  private LocalDateTime time() {
    return START.plusSeconds(timeline.ticks(1) + offset);
  }

  private boolean isUpdating() {
    return (registers[B] & B_SET) == 0
        && timeline.ticks(OSCILLATOR) % OSCILLATOR >= OSCILLATOR - UPDATE_TICKS;
  }

  private void setTime(int value) {
    LocalDateTime now = time();
    int number = decode(value);
    LocalDateTime changed =
        switch (index) {
          case SECONDS -> now.withSecond(number % 60);
          case MINUTES -> now.withMinute(number % 60);
          case HOURS -> now.withHour(decodeHour(value));
          case DAY -> now.withDayOfMonth(Math.max(1, Math.min(number, 28)));
          case MONTH -> now.withMonth(Math.max(1, Math.min(number, 12)));
          case YEAR -> now.withYear(now.getYear() / 100 * 100 + number % 100);
          case CENTURY -> now.withYear(number % 100 * 100 + now.getYear() % 100);
          default -> now;
        };
    offset += ChronoUnit.SECONDS.between(now, changed);
  }

  private int encode(int value) {
    return (registers[B] & B_BINARY) != 0 ? value : (value / 10) << 4 | value % 10;
  }

  private int decode(int value) {
    return (registers[B] & B_BINARY) != 0 ? value : (value >>> 4) * 10 + (value & 15);
  }

  private int encodeHour(int hour) {
    if ((registers[B] & B_24_HOURS) != 0) {
      return encode(hour);
    }
    int half = encode(hour % 12 == 0 ? 12 : hour % 12);
    return hour < 12 ? half : half | PM;
  }

  private int decodeHour(int value) {
    if ((registers[B] & B_24_HOURS) != 0) {
      return decode(value) % 24;
    }
    return decode(value & ~PM) % 12 + ((value & PM) != 0 ? 12 : 0);
  }

  // ---- Interrupts ----------------------------------------------------------------------------

  /** Flags of register C that nobody waits for are not kept up to date. */
  private void schedule() {
    int enabled = registers[B];
    boolean seconds = (enabled & (C_ALARM | C_UPDATE_ENDED)) != 0 && (enabled & B_SET) == 0;
    update.setDue(seconds ? timeline.cycleOf(timeline.ticks(1) + 1, 1) : Timeline.NEVER);
    long period = period();
    boolean periods = (enabled & B_PERIODIC) != 0 && period > 0;
    long next = periods ? (timeline.ticks(OSCILLATOR) / period + 1) * period : 0;
    periodic.setDue(periods ? timeline.cycleOf(next, OSCILLATOR) : Timeline.NEVER);
  }

  /** The periodic interrupt's rate in ticks of the oscillator; 0 for none. */
  private long period() {
    int rate = registers[A] & 15;
    return rate == 0 ? 0 : rate <= 2 ? 1L << (rate + 6) : 1L << (rate - 1);
  }

  private void secondPasses() {
    raise(C_UPDATE_ENDED | (alarmMatches() ? C_ALARM : 0));
    schedule();
  }

  private void periodPasses() {
    raise(C_PERIODIC);
    schedule();
  }

  private boolean alarmMatches() {
    LocalDateTime now = time();
    return matches(SECONDS_ALARM, encode(now.getSecond()))
        && matches(MINUTES_ALARM, encode(now.getMinute()))
        && matches(HOURS_ALARM, encodeHour(now.getHour()));
  }

  private boolean matches(int alarm, int value) {
    return (registers[alarm] & ANY) == ANY || registers[alarm] == value;
  }

  private void raise(int flags) {
    registers[C] |= flags;
    if ((registers[C] & registers[B] & (C_PERIODIC | C_ALARM | C_UPDATE_ENDED)) != 0) {
      registers[C] |= C_REQUEST;
      line.set(true);
    }
  }

  private int takeFlags() {
    int flags = registers[C];
    registers[C] = 0;
    line.set(false);
    return flags;
  }
}
