package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.CodeMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Call gates, SYSENTER, virtual-8086 mode: SDM volume 3, 5.8 and 20.2. */
class FarTransferTest {
  private static final long CODE = CodeMachine.CODE;
  private static final long INNER = 0x11_0000;
  private static final int GATE = 0x38;
  private static final int USER_CODE32 = 0x43;
  private static final long VIRTUAL = 0x1_2340;

  private static CodeMachine atLevel3(String source) {
    CodeMachine m = CodeMachine.assembled32(source);
    m.state.gdtrLimit = 0x47;
    m.memory.write64(CodeMachine.GDT + 0x40, 0x00cffb000000ffffL);
    m.state.loadSegment(
        Segment.CS, USER_CODE32, 0, -1, Segment.FLAT_CODE | Segment.DEFAULT_BIG | 3 << 5);
    m.state.loadSegment(Segment.SS, CodeMachine.USER_DATA, 0, -1, Segment.FLAT_DATA | 3 << 5);
    m.memory.write32(CodeMachine.TSS + 4, (int) CodeMachine.INNER_STACK);
    m.memory.write16(CodeMachine.TSS + 8, CodeMachine.KERNEL_DATA);
    return m;
  }

  private static void gate(CodeMachine m, int parameters, int dpl) {
    long low = (long) CodeMachine.KERNEL_CODE32 << 16;
    long high = (INNER & 0xffff0000L) | 0x8c00 | (long) dpl << 13 | parameters;
    m.memory.write64(CodeMachine.GDT + GATE, low | high << 32);
  }

  @Test
  void aFarCallPushesSelectorAndOffsetOfTheOperandSize() {
    CodeMachine m = CodeMachine.assembled32("call far 0x18:0x110000; mov ecx, 7; hlt");
    m.assemble(CodeMode.BITS32, INNER, "mov ebx, esp; retf");
    m.untilHalt();
    assertEquals(CodeMachine.STACK - 8, m.register(RBX));
    assertEquals(7, m.register(RCX));
    assertEquals(CodeMachine.KERNEL_CODE32, m.memory.read32(CodeMachine.STACK - 4));
  }

  @Test
  void aCallGateSwitchesTheStackAndCopiesItsParameters() {
    CodeMachine m = atLevel3("push 0x22; push 0x11; call far 0x3b:0xdead; hlt");
    gate(m, 2, 3);
    m.assemble(CodeMode.BITS32, INNER, "pop eax; pop ebx; pop ecx; pop edx; hlt");
    m.untilHalt();
    assertEquals(CODE + 11, m.register(RAX));
    assertEquals(USER_CODE32, m.register(RBX));
    assertEquals(0x11, m.register(RCX));
    assertEquals(0x22, m.register(RDX));
    assertEquals(CodeMachine.INNER_STACK - 8, m.register(RSP));
    assertEquals(CodeMachine.STACK - 8, m.memory.read32(CodeMachine.INNER_STACK - 8));
    assertEquals(CodeMachine.USER_DATA, m.memory.read32(CodeMachine.INNER_STACK - 4));
    assertEquals(0, m.state.cpl());
  }

  @Test
  void aFarReturnReleasesTheParametersOfBothStacks() {
    CodeMachine m = atLevel3("push 0x22; push 0x11; call far 0x3b:0; hlt");
    gate(m, 2, 3);
    m.assemble(CodeMode.BITS32, INNER, "retf 8");
    m.handler32(13, "f4"); // HLT at level 3
    m.untilHalt();
    long frame = CodeMachine.INNER_STACK - 8;
    assertEquals(CodeMachine.STACK, m.memory.read32(frame));
    assertEquals(CODE + 11, m.memory.read32(frame - 12));
  }

  @Test
  void aGateIsForThoseThatItsPrivilegeLevelAllows() {
    CodeMachine m = atLevel3("call far 0x3b:0");
    gate(m, 0, 2);
    m.handler32(13, "58 f4");
    m.untilHalt();
    assertEquals(GATE, m.register(RAX));
  }

  @Test
  void a64BitCallGateLeavesANullStackSegment() {
    CodeMachine m = CodeMachine.assembled64("call far [rel target]; hlt; target: dd 0; dw 0x3b");
    m.state.loadSegment(
        Segment.CS, CodeMachine.USER_CODE, 0, -1, Segment.FLAT_CODE | Segment.LONG | 3 << 5);
    m.state.loadSegment(Segment.SS, CodeMachine.USER_DATA, 0, -1, Segment.FLAT_DATA | 3 << 5);
    m.state.gdtrLimit = 0x47;
    long low = (long) CodeMachine.KERNEL_CODE << 16;
    m.memory.write64(CodeMachine.GDT + GATE, low | ((INNER & 0xffff0000L) | 0xec00) << 32);
    m.memory.write64(CodeMachine.GDT + GATE + 8, 0);
    m.assemble(CodeMode.BITS64, INNER, "pop rax; pop rbx; pop rcx; hlt");
    m.untilHalt();
    assertEquals(CODE + 6, m.register(RAX));
    assertEquals(CodeMachine.USER_CODE, m.register(RBX));
    assertEquals(CodeMachine.STACK, m.register(RCX));
    assertEquals(0, m.state.selectors[2]);
  }

  @Test
  void sysenterAndSysexitSwitchLevels() {
    CodeMachine m = CodeMachine.assembled64("sysenter");
    m.processor.msrs().set(Msr.IA32_SYSENTER_CS, 8);
    m.processor.msrs().set(Msr.IA32_SYSENTER_ESP, CodeMachine.INNER_STACK);
    m.processor.msrs().set(Msr.IA32_SYSENTER_EIP, INNER);
    m.assemble(CodeMode.BITS64, INNER, "mov ecx, 0x200800; mov edx, 0x100100; sysexitq");
    m.assemble(CodeMode.BITS64, CODE + 0x100, "hlt");
    m.handler(13, "f4");
    m.untilHalt();
    long frame = m.register(RSP);
    assertEquals(CODE + 0x100, m.memory.read64(frame + 8));
    assertEquals(8 + 32 | 3, m.memory.read64(frame + 16));
    assertEquals(0x20_0800, m.memory.read64(frame + 32));
    assertEquals(8 + 40 | 3, m.memory.read64(frame + 40));
  }

  // ---- Virtual-8086 mode ---------------------------------------------------------------------

  /** Enters virtual-8086 mode at 1234:0 by IRETD, with SS:SP 2000:0100 and DS 3000. */
  private static CodeMachine virtual(String source, int iopl) {
    String enter =
        "push 0; push 0; push 0x3000; push 0; push 0x2000; push 0x100; push FLAGS; push 0x1234;"
            + " push 0; iretd";
    int flags = 0x20002 | iopl << 12;
    CodeMachine m = CodeMachine.assembled32(enter.replace("FLAGS", Integer.toString(flags)));
    m.memory.write32(CodeMachine.TSS + 4, (int) CodeMachine.INNER_STACK);
    m.memory.write16(CodeMachine.TSS + 8, CodeMachine.KERNEL_DATA);
    m.assemble(CodeMode.BITS16, VIRTUAL, source);
    m.handler32(13, "58 f4");
    return m;
  }

  @Test
  void virtual8086ModeAddressesLikeRealMode() {
    CodeMachine m =
        virtual("mov ax, 0x4000; mov es, ax; mov cl, [0x10]; mov [es:0x20], cl; hlt", 3);
    m.memory.write8(0x3_0010, 0x5a);
    m.untilHalt(); // HLT is privileged
    assertEquals(0x5a, m.memory.read8(0x4_0020));
    assertEquals(0, m.state.rflags() & CpuState.VM);
    assertEquals(0, m.state.cpl());
  }

  /** Volume 1, figures 8-9 to 8-12: pointers of 20 or 32 bits in two parts, and the opcode. */
  @ParameterizedTest
  @CsvSource({
    "'', 7f03 0000 ffff 7856 23a1 bc9a 00b0",
    "66, 7f03ffff 0000ffff ffffffff 7856ffff 23410f00 bc9affff 00c00d00",
  })
  void theX87EnvironmentOfVirtual8086ModeComesBack(String prefix, String image) {
    String sized = prefix.isEmpty() ? "" : "db 0x" + prefix + "; ";
    CodeMachine m = virtual(sized + "fldenv [0x100]; " + sized + "fnstenv [0x140]; hlt", 3);
    m.load(0x3_0100, image);
    m.untilHalt();
    for (int i = 0; i < image.replace(" ", "").length() / 2; i++) {
      assertEquals(m.memory.read8(0x3_0100 + i), m.memory.read8(0x3_0140 + i), "byte " + i);
    }
  }

  @Test
  void anExceptionInVirtual8086ModePushesAllSegmentsAndDropsThem() {
    CodeMachine m = virtual("mov ax, 0x4000; mov es, ax; hlt", 3);
    m.untilHalt();
    long top = CodeMachine.INNER_STACK;
    assertEquals(0x3000, m.memory.read32(top - 12));
    assertEquals(0x4000, m.memory.read32(top - 16));
    assertEquals(0x2000, m.memory.read32(top - 20));
    assertEquals(0x100, m.memory.read32(top - 24));
    assertEquals(CpuState.VM, m.memory.read32(top - 28) & CpuState.VM);
    assertEquals(0x1234, m.memory.read32(top - 32));
    assertEquals(5, m.memory.read32(top - 36));
    assertEquals(0, m.state.selectors[3]);
    assertTrue((m.state.accessRights(Segment.DS) & Segment.UNUSABLE) != 0);
  }

  @Test
  void sensitiveInstructionsNeedIopl3InVirtual8086Mode() {
    for (String source : new String[] {"pushf", "popf", "cli", "int 0x40", "iret"}) {
      CodeMachine m = virtual(source, 0);
      m.handler32(0x40, "90");
      m.untilHalt();
      assertEquals(0, m.register(RAX), source);
      assertEquals(0, m.memory.read32(CodeMachine.INNER_STACK - 36), source);
    }
  }

  @Test
  void softwareInterruptsOfIopl3GoThroughTheInterruptTable() {
    CodeMachine m = virtual("int 0x40; hlt", 3);
    m.handler32(0x40, "b907000000 cf"); // mov ecx,7; iretd
    m.memory.write8(CodeMachine.IDT + 8 * 0x40 + 5, 0xee); // DPL 3
    m.untilHalt();
    assertEquals(7, m.register(RCX));
    assertEquals(2, m.memory.read32(CodeMachine.INNER_STACK - 36));
  }
}
