package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;
import static io.vmxsim.cpu.CpuState.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.CodeMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** SDM volume 3, 7.2 to 7.4. */
class TaskSwitchTest {
  private static final long CODE = CodeMachine.CODE;
  private static final long OTHER_TSS = 0x7800;
  private static final long OTHER_CODE = 0x11_0000;
  private static final long OTHER_STACK = 0x32_0000;
  private static final int OTHER = 0x38;
  private static final int NT = 1 << 14;

  private CodeMachine machine;

  private void start(String source, String other) {
    machine = CodeMachine.assembled32(source);
    machine.assemble(CodeMode.BITS32, OTHER_CODE, other);
    machine.memory.write64(CodeMachine.GDT + OTHER, 0x0000890000000067L | OTHER_TSS << 16);
    long flat = CodeMachine.KERNEL_DATA;
    set(0x20, OTHER_CODE);
    set(0x24, 2);
    set(0x28, 0x1111); // EAX
    set(0x38, OTHER_STACK);
    set(0x48, flat);
    set(0x4c, CodeMachine.KERNEL_CODE32);
    set(0x50, flat);
    set(0x54, flat);
    // FS and GS null
  }

  private void set(int offset, long value) {
    machine.memory.write32(OTHER_TSS + offset, (int) value);
  }

  private int saved(int offset) {
    return machine.memory.read32(CodeMachine.TSS + offset);
  }

  private int access(int selector) {
    return machine.memory.read8(CodeMachine.GDT + selector + 5);
  }

  @BeforeEach
  void nothing() {
    machine = CodeMachine.in32BitMode("");
  }

  @Test
  void aJumpSavesTheOldTaskAndLeavesIt() {
    start("mov ecx, 7; jmp far 0x38:0; hlt", "hlt");
    machine.untilHalt();
    assertEquals(OTHER_CODE + 1, machine.state.rip);
    assertEquals(0x1111, machine.register(RAX));
    assertEquals(OTHER_STACK, machine.register(RSP));
    assertEquals(CODE + 12, saved(0x20));
    assertEquals(7, saved(0x2c));
    assertEquals(CodeMachine.KERNEL_CODE32, saved(0x4c));
    assertEquals(0x89, access(0x30));
    assertEquals(0x8b, access(OTHER));
    assertEquals(OTHER, machine.state.selectors[7]);
    assertEquals(CpuState.CR0_TS, machine.state.cr0() & CpuState.CR0_TS);
    assertEquals(0, machine.state.rflags() & NT);
  }

  @Test
  void aCallNestsAndIretComesBack() {
    start("call far 0x38:0; mov edx, 9; hlt", "pushfd; pop dword ptr [0x200000]; iretd");
    machine.untilHalt();
    assertEquals(9, machine.register(RDX));
    assertEquals(NT, machine.memory.read32(CodeMachine.DATA) & NT);
    assertEquals(0x30, machine.memory.read16(OTHER_TSS));
    assertEquals(0x30, machine.state.selectors[7]);
    assertEquals(0x89, access(OTHER));
    assertEquals(0x8b, access(0x30));
    assertEquals(OTHER_CODE + 8, machine.memory.read32(OTHER_TSS + 0x20));
    assertEquals(0, machine.memory.read32(OTHER_TSS + 0x24) & NT);
  }

  @Test
  void aBusyTaskIsRefused() {
    start("jmp far 0x38:0", "hlt");
    machine.memory.write8(CodeMachine.GDT + OTHER + 5, 0x8b);
    machine.handler32(13, "58 f4");
    machine.untilHalt();
    assertEquals(OTHER, machine.register(RAX));
  }

  @Test
  void aShortTaskStateSegmentIsInvalid() {
    start("jmp far 0x38:0", "hlt");
    machine.memory.write8(CodeMachine.GDT + OTHER, 0x66);
    machine.handler32(10, "58 f4");
    machine.untilHalt();
    assertEquals(OTHER, machine.register(RAX));
    assertEquals(0x30, machine.state.selectors[7]);
  }

  @Test
  void aBadSegmentFaultsInTheNewTask() {
    start("jmp far 0x38:0", "hlt");
    set(0x54, 0x30); // DS is a TSS
    machine.handler32(10, "58 5b f4"); // the error code, EIP
    machine.untilHalt();
    assertEquals(0x30, machine.register(RAX));
    assertEquals(OTHER_CODE, machine.register(RBX));
    assertEquals(OTHER, machine.state.selectors[7]);
  }

  @Test
  void anExceptionThroughATaskGatePushesItsErrorCodeInTheNewTask() {
    start("mov eax, [ds:eax]; hlt", "pop esi; mov ecx, 5; hlt");
    machine.with(RAX, 0).state.loadSegment(Segment.DS, 0, 0, 0, Segment.UNUSABLE); // #GP(0)
    machine.memory.write64(CodeMachine.IDT + 8 * 13, 0x0000_8500_0000_0000L | OTHER << 16);
    machine.with(RSI, 99).untilHalt();
    assertEquals(0, machine.register(RSI));
    assertEquals(5, machine.register(RCX));
    assertEquals(OTHER_STACK, machine.register(RSP));
    assertEquals(CODE, saved(0x20));
    assertEquals(CpuState.RF, saved(0x24) & CpuState.RF);
  }

  @Test
  void theTrapFlagOfATaskIsADebugException() {
    start("jmp far 0x38:0", "mov ecx, 5; hlt");
    set(0x64, 1);
    machine.handler32(1, "58 f4");
    machine.untilHalt();
    assertEquals(OTHER_CODE, machine.register(RAX));
    assertEquals(1 << 15, machine.state.debug[6] & 1 << 15);
  }
}
