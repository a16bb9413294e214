package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InterruptSource;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.vmcs.NotModelledException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ExecutorTest {
  // mov ecx,1000; 1: add rax,rcx; dec ecx; jnz 1b; hlt
  private static final String LOOP = "b9e8030000 4801c8 ffc9 75f9 f4";

  @Test
  void aLoopRunsAndEveryInstructionIsCounted() {
    CodeMachine m = CodeMachine.in64BitMode(LOOP).untilHalt();
    assertEquals(500_500, m.register(RAX));
    assertEquals(3002, m.processor.instructions());
  }

  @Property(tries = 50)
  void aBudgetIsExactAndRunsInPartsEndAlike(@ForAll @IntRange(min = 1, max = 50) int budget) {
    CodeMachine m = CodeMachine.in64BitMode(LOOP);
    long retired = 0;
    while (m.processor.run(budget) == RunOutcome.BUDGET) {
      retired += budget;
      assertEquals(retired, m.processor.instructions());
    }
    assertEquals(500_500, m.register(RAX));
    assertEquals(3002, m.processor.instructions());
  }

  @Test
  void aBudgetMayBeUnlimitedAtAnyTime() {
    CodeMachine m = CodeMachine.in64BitMode(LOOP);
    assertEquals(RunOutcome.BUDGET, m.processor.run(100));
    assertEquals(RunOutcome.HALTED, m.processor.run(Long.MAX_VALUE));
    assertEquals(3002, m.processor.instructions());
  }

  @Test
  void repeatedStoresFillWithEveryByteOfTheirOperand() {
    CodeMachine m = CodeMachine.in64BitMode("f3ab f4"); // rep stosd
    m.with(RAX, 0x1122_3344).with(RDI, CodeMachine.DATA + 0xffa).with(RCX, 5).untilHalt();
    for (int i = 0; i < 5; i++) {
      assertEquals(0x1122_3344, m.memory.read32(CodeMachine.DATA + 0xffa + 4L * i));
    }
    assertEquals(0, m.memory.read32(CodeMachine.DATA + 0xffa + 20));
    assertEquals(0, m.memory.read16(CodeMachine.DATA + 0xff8));
  }

  @Test
  void aTimerStrikesAtItsInstruction() {
    CodeMachine m = CodeMachine.in64BitMode("fb 90 90 90 ebfd"); // sti; nop; nop; 1: nop; jmp 1b
    m.handler(0x40, "f4");
    m.processor.pending().setTimer(InterruptSource.everyInstructions(1001, 0x40));
    m.untilHalt();
    assertEquals(1002, m.processor.instructions()); // with the handler's HLT
  }

  @Test
  void codeThatWritesItsNextInstructionRunsWhatItWrote() {
    // mov byte [rip+1],42h; mov al,11h: the immediate is overwritten in the same block
    CodeMachine m = CodeMachine.in64BitMode("c60501000000 42 b011 f4");
    assertEquals(0x42, m.untilHalt().register(RAX));
  }

  @Test
  void aBlockIsDecodedAgainAfterItsCodeChanged() {
    CodeMachine m = CodeMachine.in64BitMode("b011 f4").untilHalt();
    m.load(CodeMachine.CODE + 1, "22");
    m.executor.code().written(CodeMachine.CODE + 1);
    m.state.rip = CodeMachine.CODE;
    m.state.activity = 0;
    assertEquals(0x22, m.untilHalt().register(RAX));
  }

  @Test
  void aStoreBesideCodeInItsPageLeavesTheCodeDecoded() {
    CodeMachine m = CodeMachine.assembled64("mov byte ptr [0x100080], 0x22; hlt").untilHalt();
    CodeCache code = m.executor.code();
    assertNotNull(code.known(CodeMachine.CODE, CodeMode.BITS64));
    code.written(CodeMachine.CODE + 64, 64);
    assertNotNull(code.known(CodeMachine.CODE, CodeMode.BITS64));
    code.written(CodeMachine.CODE - 1, 1); // in another page
    assertNotNull(code.known(CodeMachine.CODE, CodeMode.BITS64));
    code.written(CodeMachine.CODE + 8, 1); // HLT
    assertNull(code.known(CodeMachine.CODE, CodeMode.BITS64));
  }

  /** Code of 100 bytes: the second of its lines alone changes, or both at once. */
  @Test
  void codeOfTwoLinesIsDecodedAgainWhicheverChanges() {
    for (int at : new int[] {0, 63, 64, 99}) {
      CodeMachine m = CodeMachine.in64BitMode("90".repeat(99) + "f4").untilHalt();
      CodeCache code = m.executor.code();
      long last = CodeMachine.CODE + 96; // where the fourth block begins: blocks have 32
      assertNotNull(code.known(last, CodeMode.BITS64));
      code.written(CodeMachine.CODE + at, 1);
      assertNull(code.known(last, CodeMode.BITS64), "a store to byte " + at);
    }
  }

  @Test
  void anInstructionMayLieInTwoPages() {
    CodeMachine m = CodeMachine.in64BitMode("");
    m.load(CodeMachine.CODE + 0xffe, "b8 78563412 f4"); // mov eax,12345678h
    m.state.rip = CodeMachine.CODE + 0xffe;
    assertEquals(0x12345678, m.untilHalt().register(RAX));
  }

  @Test
  void repeatedMoveCopiesAcrossPages() {
    CodeMachine m = CodeMachine.in64BitMode("f3a4 f4"); // rep movsb
    for (int i = 0; i < 10_000; i++) {
      m.memory.write8(CodeMachine.DATA + 100 + i, i * 7);
    }
    m.with(RSI, CodeMachine.DATA + 100).with(RDI, CodeMachine.DATA + 0x1_0001).with(RCX, 10_000);
    m.untilHalt();
    for (int i = 0; i < 10_000; i++) {
      assertEquals(i * 7 & 0xff, m.memory.read8(CodeMachine.DATA + 0x1_0001 + i));
    }
    assertEquals(0, m.register(RCX));
    assertEquals(CodeMachine.DATA + 100 + 10_000, m.register(RSI));
    assertEquals(2, m.processor.instructions());
  }

  @Test
  void anOverlappingMoveRepeatsThePattern() {
    CodeMachine m = CodeMachine.in64BitMode("f3a4 f4");
    m.memory.write8(CodeMachine.DATA, 0x5a);
    m.with(RSI, CodeMachine.DATA).with(RDI, CodeMachine.DATA + 1).with(RCX, 100).untilHalt();
    assertEquals(0x5a, m.memory.read8(CodeMachine.DATA + 100));
    assertEquals(0, m.memory.read8(CodeMachine.DATA + 101));
  }

  @Test
  void aScanStopsAfterTheByteItFound() {
    CodeMachine m = CodeMachine.in64BitMode("f2ae f4"); // repne scasb
    m.memory.write8(CodeMachine.DATA + 9, 0x77);
    m.with(RAX, 0x77).with(RDI, CodeMachine.DATA).with(RCX, 100).untilHalt();
    assertEquals(CodeMachine.DATA + 10, m.register(RDI));
    assertEquals(90, m.register(RCX));
  }

  @Test
  void aFaultInsideARepetitionKeepsWhatIsDone() {
    CodeMachine m = CodeMachine.in64BitMode("f348ab f4"); // rep stosq
    m.handler(14, "f4");
    m.with(RAX, -1).with(RDI, 0x80_0000 - 16).with(RCX, 5).untilHalt();
    assertEquals(3, m.register(RCX));
    assertEquals(0x80_0000, m.register(RDI));
    assertEquals(0x80_0000, m.state.cr2);
    assertEquals(-1, m.memory.read64(0x80_0000 - 8));
  }

  @Test
  void callAndReturn() {
    // push rax; pop rbx; call 1f; hlt; 1: mov ecx,7; ret
    CodeMachine m = CodeMachine.in64BitMode("50 5b e801000000 f4 b907000000 c3").with(RAX, 3);
    m.untilHalt();
    assertEquals(7, m.register(RCX));
    assertEquals(3, m.register(RBX));
    assertEquals(CodeMachine.STACK, m.register(CpuState.RSP));
  }

  @Test
  void whatIsNotModelledIsNamed() {
    CodeMachine m = CodeMachine.in64BitMode("90 0f01cf"); // encls
    NotModelledException stop = assertThrows(NotModelledException.class, () -> m.processor.run(10));
    assertEquals("ENCLS", stop.feature());
    assertEquals(1, m.processor.instructions());
  }
}
