package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gathers, half precision, dot products and packed decimals (volume 2). */
class VectorFormsTest {
  private static final long DATA = CodeMachine.DATA;

  private static CodeMachine run(String source, String data) {
    CodeMachine m = CodeMachine.assembled64(source + "; hlt").with(RDI, DATA).with(RSI, DATA + 64);
    m.load(DATA, data);
    m.handler(14, "f4");
    m.state.setCr4(m.state.cr4() | CpuState.CR4_OSXSAVE);
    m.state.xcr0 = 7;
    return m.untilHalt();
  }

  private static long vector(CodeMachine m, int register, int part) {
    return m.state.extended.vectors[4 * register + part];
  }

  @Test
  void aGatherTakesWhatTheMaskAsksForAndClearsIt() {
    String indices = "03000000 ffffffff 00000000 02000000";
    String mask = "000000f0 00000080 ffffff7f ffffffff";
    CodeMachine m =
        run(
            "vmovdqu xmm1, [rdi]; vmovdqu xmm2, [rdi + 16]; vpcmpeqd ymm3, ymm3, ymm3;"
                + "vpgatherdd xmm3, [rsi + xmm1 * 4], xmm2",
            indices + mask + "00".repeat(28) + "11111111 22222222 33333333 44444444 55555555");
    assertEquals(0x1111111155555555L, vector(m, 3, 0));
    assertEquals(0x44444444ffffffffL, vector(m, 3, 1));
    assertEquals(0, vector(m, 3, 2));
    assertEquals(0, vector(m, 2, 0) | vector(m, 2, 1) | vector(m, 2, 2));
  }

  @Test
  void aFaultLeavesWhatWasGatheredAndTheMaskOfTheRest() {
    String indices = "0000000000000000 " + "00007c0000000000" + "0800000000000000".repeat(2);
    CodeMachine m =
        run(
            "vmovdqu ymm1, [rdi]; vpcmpeqd ymm2, ymm2, ymm2; vpxor ymm3, ymm3, ymm3;"
                + "vpgatherqq ymm3, [rsi + ymm1], ymm2",
            indices + "00".repeat(32) + "8877665544332211");
    assertEquals(DATA + 64 + 0x7c_0000, m.state.cr2);
    assertEquals(0x1122334455667788L, vector(m, 3, 0));
    assertEquals(0, vector(m, 3, 1));
    assertEquals(0, vector(m, 2, 0));
    assertEquals(-1, vector(m, 2, 1) & vector(m, 2, 2) & vector(m, 2, 3));
  }

  @Test
  void gathersAskForNoAlignment() {
    CodeMachine m =
        run(
            "vpxor xmm1, xmm1, xmm1; vpcmpeqd xmm2, xmm2, xmm2;"
                + "vpgatherdd xmm3, [rdi + xmm1 + 3], xmm2",
            "000000ff eeddccbb");
    assertEquals(0xccddeeffccddeeffL, vector(m, 3, 0));
  }

  /** The values of IEEE 754's binary16: 1, the largest, the least normal, the least, one third. */
  @ParameterizedTest
  @CsvSource({
    "3c00, 3f800000",
    "7bff, 477fe000",
    "0400, 38800000",
    "0001, 33800000",
    "8000, 80000000",
    "fc00, ff800000",
    "7e01, 7fc02000",
    "7c01, 7fc02000",
  })
  void halvesBecomeSingles(String half, String single) {
    String bytes = half.substring(2) + half.substring(0, 2);
    CodeMachine m = run("vcvtph2ps xmm1, qword ptr [rdi]", bytes + "00".repeat(6));
    assertEquals(Long.parseLong(single, 16), vector(m, 1, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "3eaaaaab, 0, 3555", // 1/3 to nearest
    "3eaaaaab, 2, 3556", // up
    "477fefff, 0, 7bff", // below 65520
    "477ff000, 0, 7c00", // which is too large
    "477ff000, 3, 7bff", // truncated
    "33000000, 0, 0000", // half of the least: a tie, to even
    "33000001, 0, 0001",
  })
  void singlesBecomeHalves(String single, int rounding, String half) {
    CodeMachine m =
        run(
            "mov eax, 0x" + single + "; vmovd xmm1, eax; vcvtps2ph xmm2, xmm1, " + rounding,
            "00".repeat(8));
    assertEquals(Long.parseLong(half, 16), vector(m, 2, 0));
  }

  @ParameterizedTest
  @CsvSource({"0xf1, 70, 0", "0x31, 17, 0", "0xcf, 53, 53", "0x01, 0, 0"})
  void dotProducts(String selector, float lowest, float second) {
    String four = "0000803f 00000040 00004040 00008040"; // 1, 2, 3, 4
    String other = "0000a040 0000c040 0000e040 00000041"; // 5, 6, 7, 8
    CodeMachine m = run("movups xmm1, [rdi]; dpps xmm1, [rdi + 16], " + selector, four + other);
    assertEquals(lowest, Float.intBitsToFloat((int) vector(m, 1, 0)));
    assertEquals(second, Float.intBitsToFloat((int) (vector(m, 1, 0) >>> 32)));
  }

  @ParameterizedTest
  @CsvSource({
    "21436587092143658780, 21436587092143658780",
    "00000000000000000080, 00000000000000000080"
  })
  void decimalsComeAndGo(String digits, String again) {
    CodeMachine m = run("fninit; fbld tbyte ptr [rdi]; fbstp tbyte ptr [rdi + 16]", digits);
    StringBuilder stored = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      stored.append(String.format("%02x", m.memory.read8(DATA + 16 + i)));
    }
    assertEquals(again, stored.toString());
  }

  /** 255 * -128 * 4 + 1, and 7FFFH squared twice added to the largest, which wraps or saturates. */
  @Test
  void productsAreAccumulated() {
    CodeMachine m =
        run(
            "vmovdqu xmm1, [rdi]; vmovdqu xmm2, [rdi + 16]; vmovdqu xmm3, [rdi + 32];vmovdqa xmm4,"
                + " xmm3; vmovdqa xmm5, xmm3;vpdpbusd xmm3, xmm1, xmm2; vpdpwssd xmm4, xmm1, xmm1;"
                + " vpdpwssds xmm5, xmm1, xmm1",
            "ffffffff ff7fff7f"
                + "00".repeat(8)
                + "80808080 01010101"
                + "00".repeat(8)
                + "01000000 ffffff7f"
                + "00".repeat(8));
    assertEquals(1 - 255 * 128 * 4, (int) vector(m, 3, 0));
    assertEquals(1 + 2, (int) vector(m, 4, 0));
    assertEquals(Integer.MAX_VALUE + 2 * 0x7fff * 0x7fff, (int) (vector(m, 4, 0) >>> 32));
    assertEquals(Integer.MAX_VALUE, (int) (vector(m, 5, 0) >>> 32));
  }

  @Test
  void whatHasMoreThan18DigitsIsIndefinite() {
    CodeMachine m =
        run(
            "fninit; fild qword ptr [rdi]; fbstp tbyte ptr [rdi + 16]",
            "0000 64a7b3b6e00d"); // 10^18
    assertEquals(0xc000000000000000L, m.memory.read64(DATA + 16));
    assertEquals(0xffff, m.memory.read16(DATA + 24));
    assertEquals(1, m.state.extended.status & 0x3f);
  }
}
