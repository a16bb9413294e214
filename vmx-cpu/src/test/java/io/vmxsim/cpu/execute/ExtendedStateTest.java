package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SDM volume 1, chapter 13 and 10.5; vector moves of volume 2. */
class ExtendedStateTest {
  private static final long AREA = CodeMachine.DATA;

  private static CodeMachine machine(String source) {
    CodeMachine m = CodeMachine.assembled64(source).with(RDI, AREA);
    m.state.setCr4(m.state.cr4() | CpuState.CR4_OSXSAVE);
    m.state.xcr0 = 7;
    m.handler(13, "b90d000000 f4");
    m.handler(7, "b907000000 f4");
    m.handler(6, "b906000000 f4");
    return m.with(RAX, -1).with(RDX, -1);
  }

  private static CodeMachine withVectors(String source) {
    CodeMachine m = machine(source);
    for (int i = 0; i < m.state.extended.vectors.length; i++) {
      m.state.extended.vectors[i] = 0x0101010101010101L * (i + 1);
    }
    return m;
  }

  @Test
  void xsaveWritesTheStandardFormat() {
    CodeMachine m = withVectors("fninit; xsave [rdi]; hlt");
    m.memory.write64(AREA + 512, 1L << 9); // a component that is not asked for stays
    m.untilHalt();
    assertEquals(0x37f, m.memory.read16(AREA));
    assertEquals(0x1f80, m.memory.read32(AREA + 24));
    assertEquals(0xffff, m.memory.read32(AREA + 28));
    assertEquals(m.state.extended.vectors[4], m.memory.read64(AREA + 160 + 16));
    assertEquals(m.state.extended.vectors[7], m.memory.read64(AREA + 576 + 16 + 8));
    assertEquals(1L << 9 | 6, m.memory.read64(AREA + 512)); // x87 is in its initial configuration
    assertEquals(0, m.memory.read64(AREA + 520));
  }

  @Test
  void xsavecLeavesOutWhatIsInitial() {
    CodeMachine m = machine("fninit; xsavec [rdi]; hlt");
    m.state.extended.vectors[2] = 5; // the upper half of YMM0
    m.memory.write16(AREA, 0x5555);
    m.untilHalt();
    assertEquals(4, m.memory.read64(AREA + 512));
    assertEquals(1L << 63 | 7, m.memory.read64(AREA + 520));
    assertEquals(5, m.memory.read64(AREA + 576));
    assertEquals(0x5555, m.memory.read16(AREA));
  }

  @Test
  void whatWasSavedComesBack() {
    CodeMachine m = withVectors("xsave [rdi]; vzeroall; fninit; xrstor [rdi]; hlt");
    m.state.extended.control = 0x27f;
    m.state.extended.status = 3 << 11;
    m.state.extended.significands[3] = 1L << 63;
    m.state.extended.exponents[3] = 0x3fff;
    long[] before = m.state.extended.vectors.clone();
    m.untilHalt();
    assertArrayEquals(before, m.state.extended.vectors);
    assertEquals(0x27f, m.state.extended.control);
    assertEquals(3, m.state.extended.top());
    assertEquals(1L << 63, m.state.extended.significands[3]);
  }

  @Test
  void xrstorInitializesWhatTheHeaderLacks() {
    CodeMachine m = withVectors("xrstor [rdi]; hlt");
    m.memory.write32(AREA + 24, 0x1fc0);
    m.untilHalt();
    assertEquals(0, m.state.xinuse() & 7);
    assertEquals(0x1fc0, m.state.extended.mxcsr);
  }

  @ParameterizedTest
  @CsvSource({
    "512, 8", // a component that XCR0 does not enable
    "520, 1", // neither standard nor compacted
    "528, 1", // reserved bytes of the header
    "24, 10000", // a reserved bit of MXCSR
  })
  void xrstorRefusesBadAreas(int offset, String value) {
    CodeMachine m = machine("xrstor [rdi]; hlt");
    m.memory.write64(AREA + offset, Long.parseLong(value, 16));
    assertEquals(13, m.untilHalt().register(RCX));
  }

  @Test
  void anAreaMustBeAlignedAndTheInstructionEnabled() {
    assertEquals(13, machine("xsave [rdi + 8]; hlt").untilHalt().register(RCX));
    CodeMachine switched = machine("xsave [rdi]; hlt");
    switched.state.setCr0(switched.state.cr0() | CpuState.CR0_TS);
    assertEquals(7, switched.untilHalt().register(RCX));
    CodeMachine off = machine("xsave [rdi]; hlt");
    off.state.setCr4(off.state.cr4() & ~CpuState.CR4_OSXSAVE);
    assertEquals(6, off.untilHalt().register(RCX));
  }

  @Test
  void xsavesAndXrstorsMoveSupervisorComponents() {
    CodeMachine m = machine("xsaves [rdi]; xrstors [rdi]; hlt");
    m.processor.msrs().set(Msr.IA32_XSS, 1 << 12);
    m.state.extended.setOther(
        12, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
    m.untilHalt();
    assertEquals(1L << 63 | 0x1007, m.memory.read64(AREA + 520));
    assertEquals(0x0807060504030201L, m.memory.read64(AREA + 576 + 256));
    assertEquals(1 << 12, m.state.xinuse() & 1 << 12);
  }

  @Test
  void cpuidReportsTheAreaOfWhatIsEnabled() {
    CodeMachine m =
        machine(
            "mov eax, 0xd; mov ecx, 0; cpuid; mov edi, ebx; mov eax, 0xd;"
                + " mov ecx, 1; cpuid; hlt");
    m.state.xcr0 = 3;
    m.untilHalt();
    assertEquals(576, m.register(RDI));
    assertEquals(576, m.register(RBX));
    CodeMachine avx = machine("mov eax, 0xd; mov ecx, 0; cpuid; hlt").untilHalt();
    assertEquals(832, avx.register(RBX));
  }

  @Test
  void fxsaveNumbersRegistersFromTheTopOfTheStack() {
    CodeMachine m = machine("fxsave [rdi]; hlt");
    m.state.extended.setTop(5);
    m.state.extended.significands[5] = 55;
    m.state.extended.significands[4] = 44;
    m.untilHalt();
    assertEquals(55, m.memory.read64(AREA + 32));
    assertEquals(44, m.memory.read64(AREA + 32 + 7 * 16));
  }

  // ---- Moves ---------------------------------------------------------------------------------

  @Test
  void legacyFormsKeepTheUpperHalfAndVexFormsClearIt() {
    CodeMachine m = withVectors("movaps xmm1, xmm2; vmovaps xmm3, xmm2; hlt").untilHalt();
    long[] v = m.state.extended.vectors;
    assertEquals(v[8], v[4]);
    assertEquals(0x0101010101010101L * 7, v[6]);
    assertEquals(v[8], v[12]);
    assertEquals(0, v[14]);
  }

  @Test
  void alignedMovesOfMisalignedMemoryFault() {
    assertEquals(13, machine("movdqa xmm0, [rdi + 8]; hlt").untilHalt().register(RCX));
    assertEquals(-1, machine("movdqu xmm0, [rdi + 8]; mov rcx, -1; hlt").untilHalt().register(RCX));
    assertEquals(13, machine("vmovaps ymm0, [rdi + 16]; hlt").untilHalt().register(RCX));
  }

  @Test
  void scalarLoadsClearTheRestAndScalarCopiesDoNot() {
    CodeMachine m = withVectors("movss xmm0, dword ptr [rdi]; movss xmm1, xmm2; hlt");
    m.memory.write64(AREA, 0x1122334455667788L);
    m.untilHalt();
    long[] v = m.state.extended.vectors;
    assertEquals(0x55667788L, v[0]);
    assertEquals(0, v[1]);
    assertEquals(0x0505050509090909L, v[4]);
  }

  @Test
  void mmxInstructionsUseTheX87Registers() {
    CodeMachine m = machine("fninit; mov eax, 0x11223344; movd mm3, eax; movq [rdi], mm3; hlt");
    m.untilHalt();
    assertEquals(0x11223344L, m.memory.read64(AREA));
    assertEquals(0xff, m.state.extended.used);
    assertEquals(0xffff, m.state.extended.exponents[3]);
  }
}
