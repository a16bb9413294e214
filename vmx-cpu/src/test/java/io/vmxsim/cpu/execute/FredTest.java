package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RSP;
import static io.vmxsim.cpu.execute.CodeMachine.CODE;
import static io.vmxsim.cpu.execute.CodeMachine.HANDLERS;
import static io.vmxsim.cpu.execute.CodeMachine.STACK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Segment;
import org.junit.jupiter.api.Test;

/** "Flexible Return and Event Delivery" (volume 3, chapter 8, June 2026). */
class FredTest {
  private static final long FROM_USER = HANDLERS;
  private static final long FROM_SUPERVISOR = HANDLERS + 0x100;
  private static final long USER_CODE = 0x60_0000;
  private static final long USER_STACK = 0x61_0000;
  private static final long LEVEL_0 = 0x50_0000;
  private static final long LEVEL_1 = 0x51_0000;
  private static final long LEVEL_2 = 0x52_0000;
  private static final long NOWHERE = 0x100_0000;
  private static final long RF = 1 << 16;
  private static final long LONG = 1L << 57;
  private static final long NESTED = 1L << 58;
  private static final String HLT = "f4";
  private static final String ERETS = "f20f01ca";
  private static final String ERETU = "f30f01ca";

  private static CodeMachine machine(String hex) {
    CodeMachine m = CodeMachine.in64BitMode(hex);
    m.state.setCr4(m.state.cr4() | CpuState.CR4_FRED);
    m.load(FROM_USER, HLT);
    m.load(FROM_SUPERVISOR, HLT);
    set(m, Msr.IA32_FRED_CONFIG, HANDLERS);
    set(m, Msr.IA32_FRED_RSP0, LEVEL_0);
    set(m, Msr.IA32_FRED_RSP1, LEVEL_1);
    set(m, Msr.IA32_FRED_RSP2, LEVEL_2);
    set(m, Msr.IA32_STAR, 0x001b_0008_0000_0000L);
    return m;
  }

  private static void set(CodeMachine m, Msr msr, long value) {
    m.processor.msrs().set(msr, value);
  }

  /** The machine in user mode, as ERETU leaves it. */
  private static CodeMachine inUserMode(String hex) {
    CodeMachine m = machine(ERETU);
    m.load(USER_CODE, hex);
    frame(m, USER_CODE, CodeMachine.USER_CODE, 2, USER_STACK, CodeMachine.USER_DATA);
    set(m, Msr.IA32_GS_BASE, 0x1111_0000);
    set(m, Msr.IA32_KERNEL_GS_BASE, 0x2222_0000);
    return m;
  }

  private static void frame(CodeMachine m, long rip, long cs, long rflags, long rsp, long ss) {
    m.state.setRegister(RSP, STACK - 64);
    long[] slots = {0, rip, cs, rflags, rsp, ss, 0, 0};
    for (int i = 0; i < slots.length; i++) {
      m.memory.write64(STACK - 64 + 8L * i, slots[i]);
    }
  }

  private static void expectFrame(CodeMachine m, long top, long... slots) {
    assertEquals(top - 64, m.register(RSP));
    for (int i = 0; i < slots.length; i++) {
      assertEquals(slots[i], m.memory.read64(top - 64 + 8L * i), "slot " + i);
    }
  }

  private static long event(int selector, long vector, long type) {
    return selector | vector << 32 | type << 48 | LONG;
  }

  @Test
  void anExceptionInSupervisorMode() {
    CodeMachine m = machine("0f0b").untilHalt();
    assertEquals(FROM_SUPERVISOR + 1, m.state.rip);
    assertEquals(2, m.state.rflags());
    long ss = event(CodeMachine.KERNEL_DATA, 6, 3);
    expectFrame(m, STACK, 0, CODE, CodeMachine.KERNEL_CODE, 2 | RF, STACK, ss, 0, 0);
  }

  @Test
  void theStackIsAlignedBehindTheRedZone() {
    CodeMachine m = machine("0f0b");
    set(m, Msr.IA32_FRED_CONFIG, HANDLERS | 2 << 6);
    m.with(RSP, STACK - 8).untilHalt();
    assertEquals(STACK - 192 - 64, m.register(RSP));
    assertEquals(STACK - 8, m.memory.read64(m.register(RSP) + 32));
  }

  @Test
  void aPageFaultHasItsAddressAsData() {
    CodeMachine m = machine("a0 0000000100000000").untilHalt(); // mov al,[1000000h]
    assertEquals(0, m.memory.read64(STACK - 64), "error code");
    assertEquals(NOWHERE, m.memory.read64(STACK - 16), "event data");
    assertEquals(NOWHERE, m.state.cr2);
  }

  @Test
  void anInterruptInstructionReturnsBehindItself() {
    CodeMachine m = machine("cd80").untilHalt();
    long ss = event(CodeMachine.KERNEL_DATA, 0x80, 4) | 1 << 17 | 2L << 60;
    expectFrame(m, STACK, 0, CODE + 2, CodeMachine.KERNEL_CODE, 2, STACK, ss, 0, 0);
  }

  @Test
  void blockingByStiIsInTheFrameAndComesBack() {
    CodeMachine m = machine("fb 0f0b f4");
    m.load(FROM_SUPERVISOR, "4883442408 02" + ERETS); // add qword [rsp+8],2
    m.processor.run(3);
    assertEquals(1 << 16, m.memory.read64(STACK - 24) & 1 << 16);
    assertEquals(CODE + 3, m.state.rip);
    assertEquals(Interruptibility.STI, m.state.interruptibility & Interruptibility.STI);
  }

  @Test
  void eretsGoesOnWhereTheEventWas() {
    CodeMachine m = machine("0f0b f4").with(RAX, 1);
    m.state.setRflags(0x8d7);
    m.load(FROM_SUPERVISOR, "31c0 4883442408 02" + ERETS);
    m.untilHalt();
    assertEquals(CODE + 3, m.state.rip);
    assertEquals(STACK, m.register(RSP));
    assertEquals(0x8d7, m.state.rflags() & 0xffff);
  }

  @Test
  void systemCallsAreEvents() {
    CodeMachine m = inUserMode("0f05").untilHalt();
    assertEquals(FROM_USER + 1, m.state.rip);
    assertEquals(0, m.state.cpl());
    assertEquals(8, m.state.selectors[1]);
    assertEquals(0x10, m.state.selectors[2]);
    long ss = event(CodeMachine.USER_DATA, 1, 7) | 1 << 17 | 2L << 60;
    expectFrame(m, LEVEL_0, 0, USER_CODE + 2, CodeMachine.USER_CODE, 2, USER_STACK, ss, 0, 0);
    assertEquals(0x1111_0000, m.state.base(Segment.GS), "swapped there and back");
  }

  @Test
  void eretuEntersUserMode() {
    CodeMachine m = inUserMode("ebfe");
    m.processor.run(5);
    assertEquals(3, m.state.cpl());
    assertEquals(USER_CODE, m.state.rip);
    assertEquals(USER_STACK, m.register(RSP));
    assertEquals(0x2222_0000, m.state.base(Segment.GS));
    assertEquals(0x1111_0000, m.processor.msrs().get(Msr.IA32_KERNEL_GS_BASE));
  }

  @Test
  void eretuTakesNoFrameOfSupervisorMode() {
    CodeMachine m = machine(ERETU);
    frame(m, USER_CODE, CodeMachine.KERNEL_CODE, 2, USER_STACK, CodeMachine.KERNEL_DATA);
    m.untilHalt();
    assertEquals(CODE, m.memory.read64(m.register(RSP) + 8));
    assertEquals(13, m.memory.read64(m.register(RSP) + 40) >>> 32 & 0xff, "#GP");
  }

  @Test
  void anExceptionGoesToItsStackLevel() {
    CodeMachine m = machine("0f0b f4");
    set(m, Msr.IA32_FRED_STKLVLS, 1 << 12); // vector 6
    m.load(FROM_SUPERVISOR, "4883442408 02 90" + ERETS);
    m.processor.run(2);
    assertEquals(LEVEL_1 - 64, m.register(RSP));
    assertEquals(HANDLERS | 1, m.processor.msrs().get(Msr.IA32_FRED_CONFIG));
    m.untilHalt();
    assertEquals(HANDLERS, m.processor.msrs().get(Msr.IA32_FRED_CONFIG), "back");
    assertEquals(STACK, m.register(RSP));
  }

  @Test
  void anExceptionInADeliveryIsNested() {
    CodeMachine m = machine("0f0b");
    set(m, Msr.IA32_FRED_STKLVLS, 1 << 12 | 2 << 28); // 1 for vector 6, 2 for vector 14
    set(m, Msr.IA32_FRED_RSP1, NOWHERE);
    m.untilHalt();
    long ss = event(CodeMachine.KERNEL_DATA, 14, 3) | NESTED;
    long cs = CodeMachine.KERNEL_CODE;
    expectFrame(m, LEVEL_2, 2, CODE, cs, 2 | RF, STACK, ss, NOWHERE - 8, 0);
  }

  @Test
  void whatItReplacesIsGone() {
    for (String hex : new String[] {"0f01f8", "480f07", "480f35"}) { // SWAPGS, SYSRET, SYSEXIT
      CodeMachine m = machine(hex).untilHalt();
      assertEquals(6, m.memory.read64(STACK - 24) >>> 32 & 0xff, hex);
    }
    CodeMachine m = machine("48cf"); // IRETQ to user mode
    m.state.setRegister(RSP, STACK - 40);
    m.memory.write64(STACK - 40, USER_CODE);
    m.memory.write64(STACK - 32, CodeMachine.USER_CODE);
    m.memory.write64(STACK - 24, 2);
    m.memory.write64(STACK - 16, USER_STACK);
    m.memory.write64(STACK - 8, CodeMachine.USER_DATA);
    m.untilHalt();
    assertEquals(13, m.memory.read64(m.register(RSP) + 40) >>> 32 & 0xff);
  }

  @Test
  void lkgsLoadsTheOtherBase() {
    CodeMachine m = machine("f20f00f3 f4").with(RBX, CodeMachine.KERNEL_DATA); // lkgs bx
    set(m, Msr.IA32_GS_BASE, 0x1111_0000);
    set(m, Msr.IA32_KERNEL_GS_BASE, 0x2222_0000);
    m.untilHalt();
    assertEquals(CodeMachine.KERNEL_DATA, m.state.selectors[5]);
    assertEquals(0x1111_0000, m.state.base(Segment.GS));
    assertEquals(0, m.processor.msrs().get(Msr.IA32_KERNEL_GS_BASE));
  }

  @Test
  void withoutTheBitInCr4ThereIsNoneOfIt() {
    CodeMachine m = machine("0f0b");
    m.state.setCr4(m.state.cr4() & ~CpuState.CR4_FRED);
    m.handler(6, HLT);
    m.untilHalt();
    assertNotEquals(FROM_SUPERVISOR + 1, m.state.rip);
    m = machine(ERETS);
    m.state.setCr4(m.state.cr4() & ~CpuState.CR4_FRED);
    m.handler(6, HLT);
    m.untilHalt();
    assertEquals(HANDLERS + 0x601, m.state.rip);
  }
}
