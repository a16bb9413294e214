package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

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
}
