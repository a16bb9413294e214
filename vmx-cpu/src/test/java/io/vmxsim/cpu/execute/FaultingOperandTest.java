package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What instructions leave behind whose operand reaches beyond the memory that there is: nothing, as
 * processors do, but where a test says otherwise. HostDifferentialTest asks the host the same.
 */
class FaultingOperandTest {
  private static final long END_OF_MEMORY = 0x80_0000;
  private static final long BEFORE = 0x1122334455667788L;

  /** Runs until the page fault of the last instruction, whose operand is at RDI. */
  private static CodeMachine run(String source, int bytesBeforeTheEnd) {
    CodeMachine m = CodeMachine.assembled64(source + "; hlt");
    m.with(RDI, END_OF_MEMORY - bytesBeforeTheEnd).with(RAX, 7);
    for (int at = 1024; at > 0; at -= 8) {
      m.memory.write64(END_OF_MEMORY - at, BEFORE);
    }
    m.handler(14, "b90e000000 f4"); // mov ecx,14
    m.state.setCr4(m.state.cr4() | CpuState.CR4_OSXSAVE);
    m.state.xcr0 = 7;
    m.untilHalt();
    assertEquals(14, m.register(CpuState.RCX), "a page fault");
    return m;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fninit; fld1; fnsave [rdi]",
        "fninit; fld1; fnstenv [rdi]",
        "fxsave [rdi]",
        "xor edx, edx; xsave [rdi]",
        "xor edx, edx; xsavec [rdi]",
        "vpcmpeqd ymm1, ymm1, ymm1; vmaskmovps [rdi], ymm1, ymm1",
        "vpcmpeqd ymm1, ymm1, ymm1; vcvtps2ph [rdi], ymm1, 0",
      })
  void aStoreLeavesMemoryAsItWas(String source) {
    int inside = source.contains("save") && !source.contains("fnsave") ? 64 : 12;
    CodeMachine m = run(source, inside);
    for (int at = 1024; at > 0; at -= 8) {
      assertEquals(BEFORE, m.memory.read64(END_OF_MEMORY - at));
    }
  }

  @Test
  void aSaveOfTheX87StateLeavesItAsItWas() {
    CodeMachine m = run("fninit; fld1; fldcw [rdi]; fnsave [rdi]", 12);
    assertEquals(0x80, m.state.extended.used);
    assertEquals(0x1344, m.state.extended.control); // of 3344H what may be written
  }

  @ParameterizedTest
  @ValueSource(strings = {"fldenv [rdi]", "frstor [rdi]"})
  void aRestoreOfTheX87StateLeavesItAsItWas(String load) {
    CodeMachine m = run("fninit; fld1; " + load, 26);
    assertEquals(0x80, m.state.extended.used);
    assertEquals(0x37f, m.state.extended.control);
  }

  @Test
  void aRestoreLooksNoFurtherThanToWhatIsWanted() {
    String header =
        "mov rax, 0x8000000000000007; lea rdi, [rdi - 512]; xor ecx, ecx; mov [rdi + 512], rcx;"
            + " mov [rdi + 520], rax; xor edx, edx;";
    String clear = "mov rbx, rdi; add rdi, 528; xor eax, eax; mov ecx, 6; rep stosq; mov rdi, rbx;";
    CodeMachine m = run(header + clear + "mov eax, 1; xrstor [rdi]; mov al, [rdi + 576]", 64);
    assertEquals(END_OF_MEMORY, m.state.cr2); // not XRSTOR, which loads x87 only
    m = run(header + clear + "mov eax, 4; xrstor [rdi]; mov al, [rdi]", 64);
    assertEquals(END_OF_MEMORY + 255, m.state.cr2);
  }

  /** "Guaranteed Atomic Operations" (8.1.1) permits it. */
  @Test
  void theSignificandOfAnExtendedNumberIsStoredThoughTheRestFaults() {
    CodeMachine m = run("fninit; fld1; fstp tbyte ptr [rdi]", 8);
    assertEquals(Long.MIN_VALUE, m.memory.read64(END_OF_MEMORY - 8));
    assertEquals(0x80, m.state.extended.used);
  }

  /** The exceptions of the elements come before the store. */
  @Test
  void aConversionToHalfPrecisionNotesItsExceptionsThoughTheStoreFaults() {
    String tenth = "mov eax, 0x3dcccccd; vmovd xmm1, eax; ";
    CodeMachine m = run(tenth + "vcvtps2ph qword ptr [rdi], xmm1, 0", 4);
    assertEquals(0x1fa0, m.state.extended.mxcsr);
  }
}
