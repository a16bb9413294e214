package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/**
 * The timeline and the clocks on it: "8254 Programmable Interval Timer", "MC146818A", and the ACPI
 * specification, 4.8.3.
 */
class TimersTest {
  /** Cycles per second. */
  private static final long CLOCK = 2_000_000_000;

  private static final long MILLISECOND = CLOCK / 1000;

  private final Bus bus = Bus.withRam(0);
  private final List<Long> rises = new ArrayList<>();
  private long now;
  private boolean high;
  private final Timeline timeline = new Timeline(() -> now, CLOCK);

  private void line(boolean level) {
    if (level && !high) {
      rises.add(now);
    }
    high = level;
  }

  /** Lets time pass, stopping wherever something is due. */
  private void pass(long cycles) {
    long end = now + cycles;
    while (timeline.nextDue() <= end) {
      now = Math.max(now, timeline.nextDue());
      timeline.runDue();
    }
    now = end;
  }

  // ---- Timeline --------------------------------------------------------------------------------

  @Property
  void aTickBeginsAtItsCycle(
      @ForAll @LongRange(min = 1, max = 1L << 31) long tick,
      @ForAll @LongRange(min = 1, max = 10_000_000) long frequency) {
    now = timeline.cycleOf(tick, frequency);
    assertEquals(tick, timeline.ticks(frequency));
    now--;
    assertEquals(tick - 1, timeline.ticks(frequency));
  }

  @Test
  void alarmsHappenInTheOrderOfTheirTimes() {
    List<String> happened = new ArrayList<>();
    Timeline.Alarm late = timeline.alarm(() -> happened.add("late"));
    Timeline.Alarm early = timeline.alarm(() -> happened.add("early"));
    Timeline.Alarm cancelled = timeline.alarm(() -> happened.add("cancelled"));
    late.setDue(20);
    early.setDue(10);
    cancelled.setDue(15);
    cancelled.setDue(Timeline.NEVER);
    now = 30;
    timeline.runDue();
    assertEquals(List.of("early", "late"), happened);
    assertEquals(Timeline.NEVER, timeline.nextDue());
  }

  // ---- 8254 ------------------------------------------------------------------------------------

  private void load(int control, int port, int count) {
    bus.out(0x43, 1, control);
    bus.out(port, 1, count & 0xff);
    bus.out(port, 1, count >> 8);
  }

  private int readCount(int port) {
    return bus.in(port, 1) | bus.in(port, 1) << 8;
  }

  @Test
  void mode2InterruptsOncePerPeriod() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x34, 0x40, 11932); // 100.0 Hz
    pass(CLOCK);
    assertEquals(99, rises.size(), 1);
    assertEquals(10.0, (rises.get(50) - rises.get(49)) / (double) MILLISECOND, 0.01);
  }

  @Test
  void mode0InterruptsOnceWhenTheCountIsOver() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x30, 0x40, 1193);
    assertFalse(high);
    pass(CLOCK);
    assertEquals(1, rises.size());
    assertEquals(1.0, rises.get(0) / (double) MILLISECOND, 0.001);
  }

  @Test
  void aNewControlWordStopsTheInterrupts() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x34, 0x40, 100);
    pass(MILLISECOND);
    bus.out(0x43, 1, 0x30);
    int before = rises.size();
    pass(CLOCK);
    assertEquals(before, rises.size());
  }

  @Test
  void theCountRunsDownAndIsReadLowByteFirst() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x34, 0x40, 0xffff);
    now = timeline.cycleOf(1000, Pit.HERTZ);
    assertEquals(0xffff - 1000, readCount(0x40));
    now = timeline.cycleOf(65535 + 5, Pit.HERTZ);
    assertEquals(0xffff - 5, readCount(0x40));
  }

  @Test
  void aLatchedCountStays() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x34, 0x40, 5000);
    now = timeline.cycleOf(10, Pit.HERTZ);
    bus.out(0x43, 1, 0x00);
    now = timeline.cycleOf(500, Pit.HERTZ);
    assertEquals(4990, readCount(0x40));
    assertEquals(4500, readCount(0x40));
  }

  @Test
  void readBackGivesModeAndOutput() {
    new Pit(timeline, this::line).attachTo(bus);
    load(0x30, 0x40, 100);
    bus.out(0x43, 1, 0xe2);
    assertEquals(0x30, bus.in(0x40, 1));
    pass(MILLISECOND);
    bus.out(0x43, 1, 0xe2);
    assertEquals(0xb0, bus.in(0x40, 1));
  }

  @Test
  void counter2IsGatedAndSeenThroughPort61() {
    new Pit(timeline, this::line).attachTo(bus);
    bus.out(0x61, 1, 1);
    load(0xb0, 0x42, 1193);
    assertEquals(0, bus.in(0x61, 1) & 0x20);
    pass(2 * MILLISECOND);
    assertEquals(0x21, bus.in(0x61, 1) & 0x23);
  }

  // ---- MC146818A -------------------------------------------------------------------------------

  private int clock(int register) {
    bus.out(0x70, 1, register);
    return bus.in(0x71, 1);
  }

  private void setClock(int register, int value) {
    bus.out(0x70, 1, register);
    bus.out(0x71, 1, value);
  }

  @Test
  void theClockRunsInBcd() {
    new RealTimeClock(timeline, this::line).attachTo(bus);
    pass(59 * CLOCK);
    assertEquals(0x59, clock(0));
    assertEquals(0x00, clock(2));
    pass(CLOCK);
    assertEquals(0x00, clock(0));
    assertEquals(0x01, clock(2));
    assertEquals(0x26, clock(9));
    assertEquals(0x80, clock(13));
  }

  @Test
  void theClockCanBeSet() {
    new RealTimeClock(timeline, this::line).attachTo(bus);
    setClock(4, 0x23);
    setClock(2, 0x59);
    setClock(0, 0x58);
    pass(3 * CLOCK);
    assertEquals(0x00, clock(4));
    assertEquals(0x02, clock(7));
    setClock(11, 0x00); // 12 hours
    setClock(4, 0x92);
    assertEquals(0x92, clock(4));
    setClock(11, 0x02);
    assertEquals(0x12, clock(4));
  }

  @Test
  void anUpdateIsAnnounced244MicrosecondsBefore() {
    new RealTimeClock(timeline, this::line).attachTo(bus);
    now = CLOCK - CLOCK / 1_000_000 * 250;
    assertEquals(0, clock(10) & 0x80);
    now = CLOCK - CLOCK / 1_000_000 * 240;
    assertEquals(0x80, clock(10) & 0x80);
    now = CLOCK;
    assertEquals(0, clock(10) & 0x80);
  }

  @Test
  void theAlarmInterruptsUntilItsFlagIsRead() {
    new RealTimeClock(timeline, this::line).attachTo(bus);
    setClock(1, 0x03);
    setClock(3, 0xc0);
    setClock(5, 0xc0);
    setClock(11, 0x22);
    pass(10 * CLOCK);
    assertEquals(List.of(3 * CLOCK), rises);
    assertEquals(0xa0, clock(12) & 0xa0);
    assertFalse(high);
    assertEquals(0, clock(12));
  }

  @Test
  void thePeriodicInterruptHasTheRateOfRegisterA() {
    new RealTimeClock(
            timeline,
            high -> {
              line(high);
              if (high) {
                clock(12);
              }
            })
        .attachTo(bus);
    setClock(10, 0x26); // 1024 Hz
    setClock(11, 0x42);
    pass(CLOCK);
    assertEquals(1024, rises.size());
  }

  // ---- ACPI ------------------------------------------------------------------------------------

  @Test
  void thePowerManagementTimerHas24Bits() {
    new PowerManagement(timeline, this::line, sleepType -> {}).attachTo(bus);
    now = timeline.cycleOf((1 << 24) + 77, PowerManagement.TIMER_HERTZ);
    assertEquals(77, bus.in(0x608, 4));
  }

  @Test
  void sleepingNeedsTheEnableBit() {
    List<Integer> sleeps = new ArrayList<>();
    new PowerManagement(timeline, this::line, sleeps::add).attachTo(bus);
    bus.out(0x604, 2, 1 << 10);
    assertEquals(List.of(), sleeps);
    bus.out(0x604, 2, 1 << 13 | 1 << 10);
    assertEquals(List.of(1), sleeps);
    assertEquals(1, bus.in(0x604, 2) & 1);
  }

  @Test
  void anEnabledAlarmIsAnEventUntilItIsCleared() {
    PowerManagement power = new PowerManagement(timeline, this::line, sleepType -> {});
    power.attachTo(bus);
    power.clockAlarm(true);
    assertFalse(high || power.wakes());
    bus.out(0x602, 2, 1 << 10);
    assertTrue(high && power.wakes());
    bus.out(0x600, 2, 0xffff);
    assertFalse(high || power.wakes());
  }
}
