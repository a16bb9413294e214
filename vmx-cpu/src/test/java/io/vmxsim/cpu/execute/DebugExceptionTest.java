package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import org.junit.jupiter.api.Test;

/** SDM volume 3, 17.2 and 17.3, and "Masking Exceptions and Interrupts When Switching Stacks". */
class DebugExceptionTest {
  private static final long CODE = CodeMachine.CODE;
  private static final long DATA = CodeMachine.DATA;
  private static final long BS = 1 << 14;
  private static final long BD = 1 << 13;

  /** Counts in RCX, notes RIP in RAX, and goes on: inc ecx; mov rax,[rsp]; iretq. */
  private static final String NOTE = "ffc1 488b0424 48cf";

  private static CodeMachine machine(String hex) {
    CodeMachine m = CodeMachine.in64BitMode(hex);
    m.handler(1, NOTE);
    return m;
  }

  private static CodeMachine stepping(String hex) {
    CodeMachine m = machine(hex);
    m.state.setRflags(CpuState.TF);
    return m;
  }

  private static void breakpoint(CodeMachine m, int number, long address, int kind, int length) {
    m.state.debug[number] = address;
    int code = length == 8 ? 2 : length - 1;
    m.state.debug[7] |= 1L << (2 * number) | (long) (code << 2 | kind) << (16 + 4 * number);
  }

  private static long conditions(CodeMachine m) {
    return m.state.debug[6] ^ CpuState.DR6_RESET;
  }

  /** Blocks of one instruction that have been linked to the next must not take it along. */
  @Test
  void everyInstructionOfALoopTrapsThoughItRanBeforeWithoutTraps() {
    CodeMachine m = machine("ba 03000000 eb00 ffca 75fa 6a02 9d f4"); // two jumps, thrice
    m.handler(1, "ffc1 48cf"); // INC ECX
    m.untilHalt();
    assertEquals(0, m.register(RCX));

    m.state.rip = CODE;
    m.state.activity = ActivityState.ACTIVE;
    m.state.setRflags(CpuState.TF);
    m.untilHalt();
    assertEquals(1 + 3 * 3 + 2, m.register(RCX)); // POPFQ, which clears TF, still traps
  }

  @Test
  void anExecutionBreakpointIsAFaultThatRfHoldsBack() {
    CodeMachine m = machine("90 90 f4");
    m.handler(1, "ffc1 488b0424 48814c241000000100 48cf"); // as NOTE, with RF set in the frame
    breakpoint(m, 2, CODE + 1, 0, 1);
    m.untilHalt();
    assertEquals(1, m.register(RCX));
    assertEquals(CODE + 1, m.register(RAX));
    assertEquals(1 << 2, conditions(m));
  }

  @Test
  void anExecutionBreakpointPushesRfAsItIs() {
    CodeMachine m = machine("90 f4");
    m.handler(1, "488b442410 f4"); // mov rax,[rsp+10h]
    breakpoint(m, 0, CODE, 0, 1);
    assertEquals(0, m.untilHalt().register(RAX) & CpuState.RF);
  }

  @Test
  void aWriteBreakpointIsATrapBehindTheInstruction() {
    CodeMachine m = machine("8817 8a17 90 f4").with(RDI, DATA + 3); // mov [rdi],dl; mov dl,[rdi]
    breakpoint(m, 1, DATA, 1, 4);
    m.untilHalt();
    assertEquals(1, m.register(RCX));
    assertEquals(CODE + 2, m.register(RAX));
    assertEquals(1 << 1, conditions(m));
  }

  @Test
  void aReadBreakpointSeesTheAccessThatTouchesItsLastByte() {
    CodeMachine m = machine("668b17 f4").with(RDI, DATA + 7);
    breakpoint(m, 3, DATA, 3, 8);
    m.untilHalt();
    assertEquals(1, m.register(RCX));
    assertEquals(1 << 3, conditions(m));
  }

  @Test
  void anAccessThatFaultsMeetsNoBreakpoint() {
    CodeMachine m = machine("ff37 f4").with(RDI, DATA).with(CpuState.RSP, 0x90_0000); // push [rdi]
    m.handler(14, "f4", 1, 0);
    breakpoint(m, 0, DATA, 3, 1);
    m.untilHalt();
    assertEquals(0, m.register(RCX));
    assertEquals(0, conditions(m));
  }

  @Test
  void anInputOutputBreakpointNeedsDe() {
    CodeMachine m = machine("e680 e680 f4");
    breakpoint(m, 0, 0x80, 2, 1);
    assertEquals(0, m.untilHalt().register(RCX));
    CodeMachine enabled = machine("e680 e681 f4");
    enabled.state.setCr4(enabled.state.cr4() | CpuState.CR4_DE);
    breakpoint(enabled, 0, 0x80, 2, 1);
    enabled.untilHalt();
    assertEquals(1, enabled.register(RCX));
    assertEquals(CODE + 2, enabled.register(RAX));
  }

  @Test
  void everyInstructionIsAStepAndMovSsHidesItsOwn() {
    // mov ss,edx; nop; nop; and the HLT, which a trap ends
    CodeMachine m = stepping("8ed2 90 90 f4").with(RDX, CodeMachine.KERNEL_DATA);
    m.handler(1, NOTE.replace("48cf", "83f902 7501 f4 48cf")); // halts at the second
    m.untilHalt();
    assertEquals(CODE + 4, m.register(RAX));
    assertEquals(2, m.register(RCX));
    assertEquals(BS, conditions(m));
  }

  @Test
  void aBreakpointMetByMovSsWaitsForTheNextInstruction() {
    CodeMachine m = machine("8e17 90 90 f4").with(RDI, DATA); // mov ss,[rdi]
    m.memory.write16(DATA, CodeMachine.KERNEL_DATA);
    breakpoint(m, 1, DATA, 3, 4);
    m.untilHalt();
    assertEquals(1, m.register(RCX));
    assertEquals(CODE + 3, m.register(RAX));
  }

  @Test
  void eachIterationOfARepetitionIsAStep() {
    CodeMachine m = stepping("f3a4 f4").with(RSI, DATA).with(RDI, DATA + 64).with(RCX, 3);
    m.handler(1, "ffc3 488b542410 83fb04 7501 f4 48cf"); // inc ebx; mov rdx,[rsp+10h]; halt at 4
    m.untilHalt();
    assertEquals(4, m.register(RBX)); // three iterations and the HLT
    assertEquals(0, m.register(RCX));
  }

  @Test
  void aStepInsideARepetitionPushesRf() {
    CodeMachine m = stepping("f3a4 f4").with(RSI, DATA).with(RDI, DATA + 64).with(RCX, 3);
    m.handler(1, "488b542410 488b0424 f4");
    m.untilHalt();
    assertEquals(CODE, m.register(RAX));
    assertEquals(CpuState.RF, m.register(RDX) & CpuState.RF);
  }

  @Test
  void generalDetectIsAFaultThatClearsItself() {
    CodeMachine m = machine("0f21c2 f4"); // mov rdx,dr0
    m.state.debug[0] = 77;
    m.state.debug[7] |= BD;
    m.untilHalt();
    assertEquals(CODE, m.register(RAX));
    assertEquals(BD, conditions(m));
    assertEquals(77, m.register(RDX));
    assertEquals(1, m.register(RCX));
  }

  @Test
  void int1IsADebugExceptionWithoutAConditionAndWithoutAPrivilegeCheck() {
    CodeMachine m = machine("f1 f4");
    m.state.loadSegment(
        Segment.CS, CodeMachine.USER_CODE, 0, -1, Segment.FLAT_CODE | Segment.LONG | 3 << 5);
    m.state.loadSegment(Segment.SS, CodeMachine.USER_DATA, 0, -1, Segment.FLAT_DATA | 3 << 5);
    m.handler(1, "488b0424 f4");
    m.untilHalt();
    assertEquals(CODE + 1, m.register(RAX));
    assertEquals(0, conditions(m));
  }
}
