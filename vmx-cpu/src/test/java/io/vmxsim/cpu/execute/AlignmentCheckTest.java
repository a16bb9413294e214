package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * "Interrupt 17—Alignment Check Exception (#AC)" (6.15): at CPL 3 where CR0.AM and EFLAGS.AC are 1.
 * What vectors do is what an Intel Xeon of the Ice Lake generation did.
 */
class AlignmentCheckTest {
  private static final int CHECKED = 7;

  /** What RCX holds after an access two bytes off its alignment. */
  private static long after(String instruction, int cpl) {
    CodeMachine m = CodeMachine.assembled64("xor ecx, ecx; " + instruction + "; hlt");
    m.with(RDI, CodeMachine.DATA + 2);
    m.handler(17, "58 b907000000 f4"); // pop rax; mov ecx,7
    m.handler(13, "f4");
    m.state.setCr0(m.state.cr0() | CpuState.CR0_AM);
    m.state.setCr4(m.state.cr4() | CpuState.CR4_OSFXSR | CpuState.CR4_OSXSAVE);
    m.state.xcr0 = 1 | 1 << ExtendedState.SSE | 1 << ExtendedState.AVX;
    m.state.setRflags(CpuState.AC);
    m.state.setCpl(cpl);
    return m.untilHalt().register(RCX);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "mov edx, [rdi]",
        "mov [rdi], edx",
        "movq xmm0, qword ptr [rdi]",
        "fld qword ptr [rdi]",
        "cvtps2pd xmm0, qword ptr [rdi]"
      })
  void misalignedDataFaultsAtLevel3Only(String instruction) {
    assertEquals(CHECKED, after(instruction, 3));
    assertEquals(0, after(instruction, 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "movdqu xmm0, xmmword ptr [rdi]",
        "vmovups ymm0, ymmword ptr [rdi]",
        "vcvtph2ps xmm0, qword ptr [rdi]",
        "vcvtph2ps ymm0, xmmword ptr [rdi]",
        "vcvtps2ph qword ptr [rdi], xmm0, 0",
        "vcvtps2ph xmmword ptr [rdi], ymm0, 0"
      })
  void vectorsAndConversionsOfHalfPrecisionAreNotChecked(String instruction) {
    assertEquals(0, after(instruction, 3));
  }
}
