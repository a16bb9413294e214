package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RSI;
import static io.vmxsim.cpu.CpuState.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.Segment;
import org.junit.jupiter.api.Test;

/** SDM volume 3, chapter 6, and the operation section of IRET. */
class EventDeliveryTest {
  private static final String POP_AND_HALT = "58 5b f4"; // pop rax; pop rbx; hlt

  private static CodeMachine atUserLevel(String hex) {
    CodeMachine m = CodeMachine.in64BitMode(hex);
    m.state.loadSegment(
        Segment.CS, CodeMachine.USER_CODE, 0, -1, Segment.FLAT_CODE | Segment.LONG | 3 << 5);
    m.state.loadSegment(Segment.SS, CodeMachine.USER_DATA, 0, -1, Segment.FLAT_DATA | 3 << 5);
    return m;
  }

  @Test
  void divideErrorPointsToTheDivisionAndIretqGoesBack() {
    CodeMachine m = CodeMachine.in64BitMode("31c9 f7f1 f4"); // xor ecx,ecx; div ecx
    m.handler(0, "4883042402 48cf"); // add qword [rsp],2; iretq
    m.untilHalt();
    assertEquals(CodeMachine.CODE + 5, m.state.rip);
    assertEquals(CodeMachine.STACK, m.register(RSP));
  }

  @Test
  void theFrameIsAlignedAndFaultsPushRfSet() {
    CodeMachine m = CodeMachine.in64BitMode("0f0b").with(RSP, CodeMachine.STACK - 3); // ud2
    m.handler(6, "f4");
    m.untilHalt();
    long frame = CodeMachine.STACK - 16 - 40;
    assertEquals(frame, m.register(RSP));
    assertEquals(CodeMachine.CODE, m.memory.read64(frame));
    assertEquals(CodeMachine.KERNEL_CODE, m.memory.read64(frame + 8));
    assertEquals(CpuState.RF, m.memory.read64(frame + 16) & CpuState.RF);
    assertEquals(CodeMachine.STACK - 3, m.memory.read64(frame + 24));
    assertEquals(CodeMachine.KERNEL_DATA, m.memory.read64(frame + 32));
  }

  @Test
  void pageFaultSetsCr2AndPushesItsErrorCode() {
    CodeMachine m = CodeMachine.in64BitMode("488b1c2500009000 f4"); // mov rbx,[900000h]
    m.handler(14, "0f20d6 5f f4"); // mov rsi,cr2; pop rdi
    m.untilHalt();
    assertEquals(0x90_0000, m.register(RSI));
    assertEquals(0, m.register(RDI)); // a supervisor-mode read of a page that is not present
  }

  @Test
  void softwareInterruptReturnsBehindItself() {
    CodeMachine m = CodeMachine.in64BitMode("cd80 f4"); // int 80h
    m.handler(0x80, "b907000000 48cf"); // mov ecx,7; iretq
    m.untilHalt();
    assertEquals(7, m.register(RCX));
    assertEquals(CodeMachine.CODE + 3, m.state.rip);
  }

  @Test
  void aGateOfLevel0RefusesASoftwareInterruptOfLevel3() {
    CodeMachine m = atUserLevel("cd80");
    m.handler(0x80, "f4");
    m.handler(13, POP_AND_HALT);
    m.untilHalt();
    assertEquals(0x80 * 8 + 2, m.register(RAX));
    assertEquals(CodeMachine.CODE, m.register(RBX));
  }

  @Test
  void aHandlerOfLevel0GetsTheStackOfTheTss() {
    CodeMachine m = atUserLevel("cd80 ebfe");
    m.handler(0x80, "f4", 0, 3);
    m.untilHalt();
    assertEquals(CodeMachine.INNER_STACK - 40, m.register(RSP));
    assertEquals(0, m.state.cpl());
    assertEquals(0, m.state.selectors[2]);
    assertEquals(CodeMachine.STACK, m.memory.read64(CodeMachine.INNER_STACK - 16));
    assertEquals(CodeMachine.USER_DATA, m.memory.read64(CodeMachine.INNER_STACK - 8));
  }

  @Test
  void iretqGoesBackToLevel3() {
    CodeMachine m = atUserLevel("cd80 f4"); // HLT is privileged: #GP(0)
    m.handler(0x80, "48cf", 0, 3);
    m.handler(13, POP_AND_HALT);
    m.untilHalt();
    assertEquals(0, m.register(RAX));
    assertEquals(CodeMachine.CODE + 2, m.register(RBX));
    assertEquals(CodeMachine.USER_CODE, m.memory.read64(m.register(RSP)));
  }

  @Test
  void anInterruptStackTableEntryWinsAtAnyLevel() {
    CodeMachine m = CodeMachine.in64BitMode("0f0b");
    m.handler(6, "f4", 1, 0);
    m.untilHalt();
    assertEquals(CodeMachine.IST1 - 40, m.register(RSP));
  }

  @Test
  void aFaultWithoutAHandlerIsADoubleFaultAndThenShutdown() {
    CodeMachine m = CodeMachine.in64BitMode("488b1c2500009000");
    m.handler(8, "5f f4"); // #PF has no gate: #GP, and so #DF with error code 0
    m.untilHalt();
    assertEquals(0, m.register(RDI));
    CodeMachine triple = CodeMachine.in64BitMode("488b1c2500009000");
    assertEquals(RunOutcome.FINISHED, triple.processor.run(100));
  }

  @Test
  void aMissingGateOfAnExternalInterruptSaysExt() {
    CodeMachine m = CodeMachine.in64BitMode("fb 90 90");
    m.handler(13, POP_AND_HALT); // an empty gate has no valid type
    m.processor.pending().requestInterrupt(0x40);
    m.untilHalt();
    assertEquals(0x40 * 8 + 3, m.register(RAX));
  }

  @Test
  void stiDelaysInterruptsByOneInstruction() {
    CodeMachine m = CodeMachine.in64BitMode("fb 90 90 90");
    m.handler(0x40, POP_AND_HALT);
    m.processor.pending().requestInterrupt(0x40);
    m.untilHalt();
    assertEquals(CodeMachine.CODE + 2, m.register(RAX));
  }

  @Test
  void singleStepTrapsAfterTheNextInstruction() {
    // pushfq; or qword [rsp],100h; popfq; nop; hlt
    CodeMachine m = CodeMachine.in64BitMode("9c 48810c2400010000 9d 90 f4");
    m.handler(1, POP_AND_HALT);
    m.untilHalt();
    assertEquals(CodeMachine.CODE + 11, m.register(RAX));
    assertEquals(1 << 14, m.state.debug[6] & 1 << 14);
  }

  @Test
  void protectedModeDeliversThroughEightByteGates() {
    CodeMachine m = CodeMachine.in32BitMode("cd21 f4"); // int 21h
    m.handler32(0x21, "b907000000 cf"); // mov ecx,7; iretd
    m.untilHalt();
    assertEquals(7, m.register(RCX));
    assertEquals(CodeMachine.CODE + 3, m.state.rip);
    assertEquals(CodeMachine.STACK, m.register(RSP));
    assertEquals(CodeMachine.CODE + 2, m.memory.read32(CodeMachine.STACK - 12));
  }

  @Test
  void theBootPathFrom32To64BitMode() {
    // mov ecx,c0000101h; mov eax,1234h; xor edx,edx; wrmsr; rdmsr; mov esi,eax; CR4.PAE; CR3=1000h;
    // EFER.LME; CR0.PG; jmp 8:100100h
    CodeMachine m =
        CodeMachine.in32BitMode(
            "b9010100c0 b834120000 31d2 0f30 0f32 89c6 0f20e0 83c820 0f22e0 b800100000 0f22d8"
                + "b9800000c0 0f32 0d00010000 0f30 0f20c0 0d00000080 0f22c0 ea000110000800");
    // mov r8,123456789h; mov r9,gs:[0]; mov ax,30h; ltr ax; hlt
    m.load(CodeMachine.CODE + 0x100, "49b88967452301000000 654c8b0c2500000000 66b83000 0f00d8 f4");
    m.memory.write8(CodeMachine.GDT + 0x35, 0x89); // the TSS is not busy yet
    m.memory.write64(0x1234, 0x55aa);
    m.untilHalt();
    assertTrue(m.state.in64BitMode());
    assertEquals(0x123456789L, m.register(8));
    assertEquals(0x55aa, m.register(9));
    assertEquals(0x1234, m.register(RSI));
    assertEquals(CodeMachine.TSS, m.state.base(Segment.TR));
    assertEquals(0x8b, m.memory.read8(CodeMachine.GDT + 0x35));
  }

  @Test
  void sysretAndSyscallSwitchLevels() {
    // mov rcx,100100h; mov r11,202h; sysretq
    CodeMachine m = CodeMachine.in64BitMode("48c7c100011000 49c7c302020000 480f07");
    m.load(CodeMachine.CODE + 0x100, "0f05"); // syscall
    m.load(CodeMachine.HANDLERS, "f4");
    m.processor.msrs().set(Msr.IA32_STAR, 0x001b0008L << 32);
    m.processor.msrs().set(Msr.IA32_LSTAR, CodeMachine.HANDLERS);
    m.processor.msrs().set(Msr.IA32_FMASK, CpuState.IF);
    m.untilHalt();
    assertEquals(CodeMachine.CODE + 0x102, m.register(RCX));
    assertEquals(0x202, m.register(11));
    assertEquals(0, m.state.cpl());
    assertEquals(0, m.state.rflags() & CpuState.IF);
  }
}
