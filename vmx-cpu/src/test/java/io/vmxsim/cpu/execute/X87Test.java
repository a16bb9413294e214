package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SDM volume 1, chapter 8. */
class X87Test {
  private static final long DATA = CodeMachine.DATA;

  private static CodeMachine run(String source, double... values) {
    CodeMachine m = CodeMachine.assembled64("fninit; " + source + "; hlt").with(RDI, DATA);
    for (int i = 0; i < values.length; i++) {
      m.memory.write64(DATA + 8L * i, Double.doubleToLongBits(values[i]));
    }
    m.handler(16, "b910000000 f4");
    m.handler(7, "b907000000 f4");
    return m.untilHalt();
  }

  private static double result(CodeMachine m) {
    return Double.longBitsToDouble(m.memory.read64(DATA));
  }

  @ParameterizedTest
  @CsvSource({
    "fadd, 1.5, 2.25, 3.75",
    "fsub, 1.5, 2.25, -0.75",
    "fsubr, 1.5, 2.25, 0.75",
    "fmul, -3, 0.5, -1.5",
    "fdiv, 1, 4, 0.25",
    "fdivr, 1, 4, 4",
    "fdiv, -1, 0, -Infinity",
  })
  void arithmeticOnMemory(String name, double top, double operand, double expected) {
    String source = "fld qword ptr [rdi]; " + name + " qword ptr [rdi + 8]; fstp qword ptr [rdi]";
    assertEquals(expected, result(run(source, top, operand)));
  }

  @Test
  void aQuotientHas64Bits() {
    CodeMachine m = run("fld1; fld qword ptr [rdi]; fdivp st(1), st; fstp tbyte ptr [rdi]", 3);
    assertEquals(0xaaaaaaaaaaaaaaabL, m.memory.read64(DATA));
    assertEquals(0x3ffd, m.memory.read16(DATA + 8));
  }

  @Test
  void integersComeAndGo() {
    CodeMachine m = run("fild dword ptr [rdi]; fistp qword ptr [rdi + 8]");
    assertEquals(0, m.memory.read64(DATA + 8));
    CodeMachine rounds = run("fld qword ptr [rdi]; fistp word ptr [rdi]", 2.5);
    assertEquals(2, rounds.memory.read16(DATA));
    CodeMachine large = run("fld qword ptr [rdi]; fistp word ptr [rdi]", 40000);
    assertEquals(0x8000, large.memory.read16(DATA));
    assertEquals(1, large.state.extended.status & 1);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, 0100", "2, 1, 0000", "2, 2, 4000", "NaN, 1, 4500"})
  void comparisonSetsConditionCodes(double top, double other, String codes) {
    CodeMachine m = run("fld qword ptr [rdi]; fucom st(1)", top);
    CodeMachine two =
        run("fld qword ptr [rdi + 8]; fld qword ptr [rdi]; fucompp; fnstsw ax", top, other);
    assertEquals(Integer.parseInt(codes, 16), two.register(RAX) & 0x4700);
    assertEquals(0x41, m.state.extended.status & 0x41); // ST(1) is empty: a stack fault
  }

  @Test
  void theStackOverflowsAndUnderflows() {
    CodeMachine over = run("fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fnstsw ax");
    assertEquals(0x241, over.register(RAX) & 0x2ff);
    CodeMachine under = run("fadd st, st(1); fnstsw ax");
    assertEquals(0x41, under.register(RAX) & 0x2ff);
  }

  @Test
  void anUnmaskedErrorIsRaisedByTheNextWaitingInstruction() {
    CodeMachine m =
        run(
            "mov word ptr [rdi + 16], 0x37b; fldcw [rdi + 16]; fld1; fldz; fdivp st(1), st;"
                + " fnstsw ax; mov ebx, 5; fwait");
    assertEquals(0x10, m.register(RCX));
    assertEquals(5, m.register(RBX));
    assertEquals(0x8084, m.register(RAX) & 0x80ff);
  }

  @Test
  void remaindersAndScalesAreExact() {
    assertEquals(
        1.0,
        result(
            run(
                "fld qword ptr [rdi + 8]; fld qword ptr [rdi]; fprem; fstp qword ptr [rdi]",
                7,
                3)));
    assertEquals(
        -1.0,
        result(
            run(
                "fld qword ptr [rdi + 8]; fld qword ptr [rdi]; fprem1; fstp qword ptr [rdi]",
                8,
                3)));
    assertEquals(
        24.0,
        result(
            run(
                "fld qword ptr [rdi + 8]; fld qword ptr [rdi]; fscale; fstp qword ptr [rdi]",
                3,
                3.9)));
    assertEquals(Math.sqrt(2), result(run("fld qword ptr [rdi]; fsqrt; fstp qword ptr [rdi]", 2)));
  }

  @Test
  void theEnvironmentComesBack() {
    CodeMachine m =
        run("fld1; fldz; fnstenv [rdi]; fninit; fldenv [rdi]; fstp st(0); fstp qword ptr [rdi]");
    assertEquals(1.0, result(m));
  }

  /**
   * As a processor has it: 42 times the least number times log2(2^971) underflows, though exact.
   */
  @Test
  void aTinyLogarithmUnderflows() {
    CodeMachine m =
        CodeMachine.assembled64(
                "fninit; fld tbyte ptr [rdi]; fld tbyte ptr [rdi + 16]; fnclex; fyl2x;"
                    + "fnstsw ax; fstp tbyte ptr [rdi]; hlt")
            .with(RDI, DATA);
    m.memory.write64(DATA, 42);
    m.memory.write64(DATA + 16, Long.MIN_VALUE);
    m.memory.write16(DATA + 24, 0x3fff + 971);
    m.untilHalt();
    assertEquals(0x30, m.register(RAX) & 0x3d); // underflow and inexact
    assertEquals(42 * 971, m.memory.read64(DATA));
    assertEquals(0, m.memory.read16(DATA + 8));
  }

  /** As a processor has it: rounded towards zero, the sine of any number but this is below it. */
  @Test
  void theSineOfTheSmallestNormalNumberIsThatNumber() {
    CodeMachine m =
        CodeMachine.assembled64(
                "fninit; fld tbyte ptr [rdi]; fldcw [rdi + 16]; fsin;"
                    + "fnstsw ax; fstp tbyte ptr [rdi]; hlt")
            .with(RDI, DATA);
    m.memory.write64(DATA, Long.MIN_VALUE);
    m.memory.write16(DATA + 8, 1);
    m.memory.write16(DATA + 16, 0xf7f);
    m.untilHalt();
    assertEquals(0x20, m.register(RAX) & 0x3f); // inexact, no underflow
    assertEquals(Long.MIN_VALUE, m.memory.read64(DATA));
    assertEquals(1, m.memory.read16(DATA + 8));
  }
}
