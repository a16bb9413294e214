package io.vmxsim.cpu.apic;

import static io.vmxsim.cpu.apic.ApicBoard.load;
import static io.vmxsim.cpu.apic.ApicBoard.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** "APIC Timer", 10.5.4. */
class ApicTimerTest {
  private static final int ONE_SHOT = 0;
  private static final int PERIODIC = 1 << 17;
  private static final int TSC_DEADLINE = 2 << 17;
  private static final int VECTOR = 0xee;
  private static final int BY_1 = 0b1011;

  private final ApicBoard board = new ApicBoard();
  private final LocalApic apic = board.apic(0);

  private void start(int mode, int divide, long count) {
    store(apic, ApicRegister.LVT_TIMER, mode | VECTOR);
    store(apic, ApicRegister.DIVIDE_CONFIGURATION, divide);
    store(apic, ApicRegister.INITIAL_COUNT, count);
  }

  private int interruptAt(long cycles) {
    board.cycles = cycles;
    apic.runTimer();
    int vector = apic.acknowledge();
    store(apic, ApicRegister.EOI, 0);
    return vector;
  }

  @Test
  void oneShotStrikesOnceAndStaysAtZero() {
    start(ONE_SHOT, BY_1, 1000);
    board.cycles = 400;
    assertEquals(600, load(apic, ApicRegister.CURRENT_COUNT));
    assertEquals(-1, interruptAt(999));
    assertEquals(VECTOR, interruptAt(1000));
    assertEquals(-1, interruptAt(5000));
    assertEquals(0, load(apic, ApicRegister.CURRENT_COUNT));
    assertEquals(1000, load(apic, ApicRegister.INITIAL_COUNT));
  }

  @Test
  void aShortestPeriodHoldsForPeriodicTimersOnly() {
    apic.setShortestTimerPeriod(5000);
    start(PERIODIC, BY_1, 1000);
    assertEquals(-1, interruptAt(4999));
    assertEquals(VECTOR, interruptAt(5000));
    assertEquals(10_000, apic.timerStrikes());
    start(ONE_SHOT, BY_1, 1000);
    assertEquals(VECTOR, interruptAt(6000));
  }

  @Test
  void periodicReloads() {
    start(PERIODIC, BY_1, 1000);
    assertEquals(VECTOR, interruptAt(1000));
    assertEquals(-1, interruptAt(1999));
    assertEquals(VECTOR, interruptAt(2300));
    assertEquals(700, load(apic, ApicRegister.CURRENT_COUNT));
    assertEquals(3000, apic.timerStrikes());
  }

  @Property
  void dividesTheClock(@ForAll @IntRange(min = 0, max = 7) int code) {
    int[] divisors = {2, 4, 8, 16, 32, 64, 128, 1};
    start(ONE_SHOT, (code & 3) | (code & 4) << 1, 100);
    assertEquals(board.cycles + 100L * divisors[code], apic.timerStrikes());
  }

  @Test
  void writingZeroStopsIt() {
    start(PERIODIC, BY_1, 1000);
    store(apic, ApicRegister.INITIAL_COUNT, 0);
    assertEquals(Long.MAX_VALUE, apic.timerStrikes());
    assertEquals(0, load(apic, ApicRegister.CURRENT_COUNT));
  }

  @Test
  void countGoesOnFromOneShotToPeriodicAndBack() {
    start(ONE_SHOT, BY_1, 1000);
    board.cycles = 700;
    store(apic, ApicRegister.LVT_TIMER, PERIODIC | VECTOR);
    assertEquals(300, load(apic, ApicRegister.CURRENT_COUNT));
    assertEquals(VECTOR, interruptAt(1000));
    assertEquals(1000, load(apic, ApicRegister.CURRENT_COUNT));
    store(apic, ApicRegister.LVT_TIMER, ONE_SHOT | VECTOR);
    assertEquals(VECTOR, interruptAt(2000));
    store(apic, ApicRegister.LVT_TIMER, PERIODIC | VECTOR);
    assertEquals(0, load(apic, ApicRegister.CURRENT_COUNT), "a stopped count stays stopped");
  }

  @Test
  void deadlineIsOneInterruptAtATimeStamp() {
    store(apic, ApicRegister.LVT_TIMER, TSC_DEADLINE | VECTOR);
    board.timeStampOffset = 50;
    apic.setTscDeadline(150);
    assertEquals(150, apic.tscDeadline());
    assertEquals(-1, interruptAt(99));
    assertEquals(VECTOR, interruptAt(100));
    assertEquals(0, apic.tscDeadline());
    apic.setTscDeadline(1);
    assertEquals(VECTOR, interruptAt(100), "a deadline that has passed strikes at once");
  }

  @Test
  void deadlineOf0Disarms() {
    store(apic, ApicRegister.LVT_TIMER, TSC_DEADLINE | VECTOR);
    apic.setTscDeadline(150);
    apic.setTscDeadline(0);
    assertEquals(Long.MAX_VALUE, apic.timerStrikes());
    assertEquals(-1, interruptAt(200));
  }

  @Test
  void deadlineFollowsTheTimeStampCounter() {
    store(apic, ApicRegister.LVT_TIMER, TSC_DEADLINE | VECTOR);
    apic.setTscDeadline(1000);
    board.timeStampOffset = 990;
    apic.timeStampChanged();
    assertEquals(10, apic.timerStrikes());
  }

  @Test
  void modesExcludeEachOther() {
    apic.setTscDeadline(1000);
    assertEquals(0, apic.tscDeadline(), "not in TSC-deadline mode");
    start(ONE_SHOT, BY_1, 1000);
    store(apic, ApicRegister.LVT_TIMER, TSC_DEADLINE | VECTOR);
    assertEquals(Long.MAX_VALUE, apic.timerStrikes(), "disarmed");
    store(apic, ApicRegister.INITIAL_COUNT, 5);
    assertEquals(Long.MAX_VALUE, apic.timerStrikes());
    assertEquals(0, load(apic, ApicRegister.CURRENT_COUNT));
    apic.setTscDeadline(1000);
    store(apic, ApicRegister.LVT_TIMER, ONE_SHOT | VECTOR);
    assertEquals(Long.MAX_VALUE, apic.timerStrikes());
  }

  @Test
  void maskedTimerRunsWithoutInterrupt() {
    start(ONE_SHOT, BY_1, 10);
    store(apic, ApicRegister.LVT_TIMER, 1 << 16 | VECTOR);
    board.cycles = 10;
    apic.runTimer();
    assertFalse(apic.hasInterrupt());
  }

  @Test
  void deadlineModeIsReservedWhereItDoesNotExist() {
    LocalApic without = board.apic(1, new ApicFeatures(true, false, 46, 1));
    store(without, ApicRegister.LVT_TIMER, 1 << 16 | TSC_DEADLINE | VECTOR);
    assertEquals(1 << 16 | VECTOR, load(without, ApicRegister.LVT_TIMER));
    without.writeApicBase(without.apicBase() | 1 << 10);
    assertFalse(without.registers().writeMsr(0x32, TSC_DEADLINE | VECTOR));
  }
}
