package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines that run a few instructions of flat 32-bit code. */
class MachineTest {
  private static final long CODE = 0x10_0000;

  private final StringBuilder serial = new StringBuilder();

  private Machine machine(int processors, String hex) {
    Machine machine =
        new Machine(
            CpuProfile.named("max"), 4 << 20, processors, value -> serial.append((char) value));
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    machine.memory().writeBytes(CODE, code, 0, code.length);
    start(machine, 0);
    return machine;
  }

  private static void start(Machine machine, int number) {
    CpuState state = machine.processor(number).state();
    state.setCr0(CpuState.CR0_PE | CpuState.CR0_ET);
    state.activity = 0;
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, 0x10, 0, -1, Segment.FLAT_DATA);
    }
    state.loadSegment(Segment.CS, 8, 0, -1, Segment.FLAT_CODE | Segment.DEFAULT_BIG);
    state.setRegister(CpuState.RBX, 'a' + number);
    state.rip = CODE;
  }

  @Test
  void theGuestPrintsAndEndsTheMachine() {
    // mov dx,3f8h; mov al,'o'; out dx,al; mov al,'k'; out dx,al; mov al,5; out 0f4h,al; hlt
    Machine machine = machine(1, "66baf803 b06f ee b06b ee b005 e6f4 f4");
    assertEquals(new MachineEnd(MachineEnd.Cause.GUEST, 11, 0), machine.run(1000));
    assertEquals("ok", serial.toString());
  }

  @Test
  void anExceptionWithoutAnInterruptTableIsATripleFault() {
    assertEquals(MachineEnd.Cause.TRIPLE_FAULT, machine(1, "0f0b").run(1000).cause());
  }

  @Test
  void aHaltThatNothingEndsEndsTheMachine() {
    assertEquals(MachineEnd.Cause.HALTED, machine(1, "f4").run(1000).cause());
    assertEquals(MachineEnd.Cause.HALTED, machine(3, "f4").run(1000).cause());
  }

  @Test
  void theLimitIsExact() {
    Machine machine = machine(1, "ebfe");
    assertEquals(MachineEnd.Cause.LIMIT, machine.run(12_345).cause());
    assertEquals(12_345, machine.instructions());
    machine.run(12_346);
    assertEquals(12_346, machine.instructions());
  }

  /** A handler whose first instruction faults: no instruction ever completes, and no stack ends. */
  @Test
  void theLimitEndsAnEndlessFault() {
    Machine machine = machine(1, "0f0b");
    CpuState state = machine.processor(0).state();
    state.setCr0(CpuState.CR0_ET);
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, 0, 0, 0xffff, Segment.FLAT_DATA & ~Segment.DEFAULT_BIG);
    }
    state.loadSegment(
        Segment.SS, 0x2000, 0x2_0000, 0xffff, Segment.FLAT_DATA & ~Segment.DEFAULT_BIG);
    state.idtrLimit = 0x3ff;
    state.rip = 0x7000;
    machine.memory().write32(6 * 4, 0x7000); // #UD, in the interrupt table of real mode
    machine.memory().write16(0x7000, 0x0b0f); // UD2
    assertEquals(MachineEnd.Cause.LIMIT, machine.run(1_000_000).cause());
    assertEquals(0, machine.instructions());
  }

  @Test
  void processorsAdvanceTogether() {
    // each: mov dx,3f8h; mov ecx,2000; loop $; mov al,bl; out dx,al; jmp to the start
    Machine machine = machine(2, "66baf803 b9d0070000 e2fe 88d8 ee ebf0");
    start(machine, 1);
    machine.run(20_000);
    assertEquals("abababab", serial.substring(0, 8));
    long first = machine.processor(0).instructions();
    assertEquals(10_000.0, (double) first, 600.0);
  }

  /** mov eax,200000h; monitor; mwait: on a machine whose other registers are 0. */
  private static final String WAIT = "b800002000 0f01c8 0f01c9";

  /** mov eax,200000h; umonitor eax; inc edx; umwait ecx. */
  private static final String USER_WAIT = "b800002000 f30faef0 42 f20faef1";

  @ParameterizedTest
  @ValueSource(strings = {WAIT, USER_WAIT})
  void waitsForAStoreIntoItsLineByAnotherProcessor(String wait) {
    // mov ecx,4000; loop $; mov byte [200040h],1; mov ecx,4000; loop $; mov dx,3f8h; mov al,'a'
    // out dx,al; mov byte [20003fh],1; jmp $
    String storing =
        "b9a00f0000 e2fe c6054000200001 b9a00f0000 e2fe 66baf803 b061 ee c6053f00200001 ebfe";
    Machine machine = machine(2, storing);
    byte[] waiting = HexFormat.of().parseHex((wait + "66baf803b077eee6f4").replace(" ", ""));
    machine.memory().writeBytes(CODE + 0x100, waiting, 0, waiting.length);
    start(machine, 1);
    machine.processor(1).state().rip = CODE + 0x100;
    assertEquals(MachineEnd.Cause.GUEST, machine.run(100_000).cause());
    assertEquals("aw", serial.toString());
  }

  @Test
  void mwaitDoesNotWaitWithoutMonitorNorForALineThatHasChanged() {
    String end = "e6f4 ebfe"; // out 0f4h,al; jmp $
    assertEquals(MachineEnd.Cause.HALTED, machine(1, WAIT + end).run(1000).cause());
    assertEquals(MachineEnd.Cause.GUEST, machine(1, "0f01c9" + end).run(1000).cause());
    String changed = "b800002000 0f01c8 c60501002000ff 0f01c9"; // mov byte [200001h],0ffh
    assertEquals(MachineEnd.Cause.GUEST, machine(1, changed + end).run(1000).cause());
    String twice = WAIT.replace("0f01c9", "c60501002000ff 0f01c9 0f01c9");
    assertEquals(MachineEnd.Cause.GUEST, machine(1, twice + end).run(1000).cause());
  }

  @Test
  void tpauseWaitsForItsTimeOrForTheLimitWhichCarryTells() {
    String pause = "0f31 05a0860100 660faef1"; // rdtsc; add eax,100000; tpause ecx
    String end = "0f92c0 e6f4 ebfe"; // setc al; out 0f4h,al; jmp $
    Machine machine = machine(1, pause + end);
    assertEquals(1, machine.run(1000).exitCode());
    assertTrue(machine.processor(0).now() >= 100_000);
    // mov ecx,0e1h; mov eax,10000; xor edx,edx; wrmsr; xor ecx,ecx
    String limit = "b9e1000000 b810270000 31d2 0f30 31c9";
    Machine limited = machine(1, limit + pause + end);
    assertEquals(2 * 1 + 1, limited.run(1000).exitCode());
    long now = limited.processor(0).now();
    assertTrue(now >= 10_000 && now < 20_000, "at " + now);
  }

  @Test
  void umwaitWaitsForALineOfUmonitorOnly() {
    assertTrue(cyclesOf(USER_WAIT) > 1L << 32, "until its time is up");
    assertTrue(cyclesOf(USER_WAIT.replace("f30faef0 ", "")) < 1000);
    String endless = USER_WAIT.replace("42", "83caff"); // or edx,-1
    assertEquals(MachineEnd.Cause.HALTED, machine(1, endless).run(1000).cause());
    String mixed = USER_WAIT.replace("f30faef0", "0f01c8"); // monitor
    assertTrue(cyclesOf(mixed) < 1000);
  }

  private long cyclesOf(String code) {
    Machine machine = machine(1, code + "e6f4 ebfe"); // out 0f4h,al; jmp $
    assertEquals(MachineEnd.Cause.GUEST, machine.run(1000).cause());
    return machine.processor(0).now();
  }

  /** With bit 0 of ECX an interrupt ends MWAIT while RFLAGS.IF is 0, and is not delivered. */
  @Test
  void mwaitEndsByAMaskedInterruptIfAskedTo() {
    // the local APIC on, its timer with vector 40h, counting 1000
    String timer = "c705f000e0feff010000 c7052003e0fe40000000 c7058003e0fee8030000";
    String end = "e6f4 ebfe";
    assertEquals(MachineEnd.Cause.HALTED, machine(1, timer + WAIT + end).run(1000).cause());
    String asking = WAIT.replace("0f01c9", "41 0f01c9"); // inc ecx
    Machine machine = machine(1, timer + asking + end);
    assertEquals(MachineEnd.Cause.GUEST, machine.run(1000).cause());
    assertTrue(machine.processor(0).now() >= 2000, "the timer divides by 2");
  }

  @Test
  void nothingRunsAfterTheEnd() {
    Machine machine = machine(1, "b001 e6f4 90 90 90 f4");
    machine.run(1000);
    assertEquals(2, machine.instructions());
  }

  @Test
  void aRunIsRepeatable() {
    for (int i = 0; i < 2; i++) {
      Machine machine = machine(2, "66baf803 b911000000 e2fe 88d8 ee ebf0");
      start(machine, 1);
      machine.run(50_000);
    }
    int half = serial.length() / 2;
    assertTrue(half > 1000);
    assertEquals(serial.substring(0, half), serial.substring(half));
  }

  /**
   * Suspends with the clock's alarm enabled; 16-bit code at the waking vector says what it finds.
   */
  @Test
  void anAlarmEndsSleepInRealModeAtTheWakingVector() {
    // alarm each second: index 1, 3, 5 = c0h, register B = 22h
    String alarm = "b001e670 b0c0e671 b003e670 b0c0e671 b005e670 b0c0e671 b00be670 b022e671";
    // out 602h,400h (RTC_EN); out 604h,2400h (S3); nothing after that
    String sleep = "66ba0206 66b80004 66ef 66ba0406 66b80024 66ef b0ff e6f4";
    Machine machine = machine(1, alarm + sleep);
    byte[] wake = HexFormat.of().parseHex("8cc8e6f4"); // mov ax,cs; out 0f4h,al
    machine.memory().writeBytes(0x1000, wake, 0, wake.length);
    machine.memory().write32(wakingVector(machine), 0x1000);
    MachineEnd end = machine.run(1000);
    assertEquals(new MachineEnd(MachineEnd.Cause.GUEST, 1, 0), end); // CS is 0100h
    assertTrue(machine.processor(0).now() >= 1_000_000_000, "a second has passed");
  }

  private static long wakingVector(Machine machine) {
    long xsdt = machine.memory().read64(AcpiTables.ADDRESS + 24);
    long fadt = machine.memory().read64(xsdt + 36);
    return machine.memory().read32(fadt + 36) + 12L;
  }

  @Test
  void theTimerInterruptsThroughThePicsAndThroughTheIoApic() {
    // cli; PIT mode 2 at 1000 Hz; sti; 1: hlt; jmp 1b — the interrupt table is empty
    Machine machine = machine(1, "b0ffe6a1 b0fee621 b034e643 b0a9e640 b004e640 fb f4 ebfd");
    assertEquals(MachineEnd.Cause.TRIPLE_FAULT, machine.run(100).cause());
    assertEquals(
        "interrupt 8",
        machine.processor(0).events().chain().events().get(0).toString().substring(0, 11));
    assertEquals(1.0, machine.processor(0).now() / 2.5e6, 2.0);
  }
}
