package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.vmxsim.cpu.ActionKind;
import io.vmxsim.traces.SensitiveOpcodes.Sensitive;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encodings from the SDM's instruction reference, volume 2. */
class SensitiveOpcodesTest {

  private static byte[] code(String hex) {
    return HexFormat.ofDelimiter(" ").parseHex(hex);
  }

  @ParameterizedTest
  @CsvSource({
    "0f a2, CPUID, 0, 0, true",
    "e4 71, IN, 1, 113, true",
    "e5 71, IN, 4, 113, true",
    "66 e5 71, IN, 2, 113, true",
    "ec, IN, 1, 128, true",
    "e6 80, OUT, 1, 128, true",
    "ee, OUT, 1, 128, true",
    "f3 6e, OUT, 1, 128, true",
    "f3 6c, IN, 1, 128, true",
    "f4, HLT, 0, 0, true",
    "f3 90, PAUSE, 0, 0, true",
    "0f 31, RDTSC, 0, 0, true",
    "0f 01 f9, RDTSCP, 0, 0, true",
    "0f 33, RDPMC, 0, 0, true",
    "0f 01 c1, VMCALL, 0, 0, true",
    "0f 01 c9, MWAIT, 0, 0, true",
    "0f 06, CLTS, 0, 0, true",
    "0f 08, INVD, 0, 0, true",
    "0f 09, WBINVD, 0, 0, true",
    "0f 20 d8, MOV_FROM_CR, 3, 0, true",
    "44 0f 20 c0, MOV_FROM_CR, 8, 0, true",
    "0f 21 f8, MOV_FROM_DR, 7, 0, true",
    "48 0f c7 f0, RDRAND, 0, 0, true",
    "48 0f c7 f8, RDSEED, 0, 0, true",
    "0f 30, WRMSR, 0, 0, false",
    "0f 32, RDMSR, 0, 0, false",
    "0f 22 d8, MOV_TO_CR, 0, 0, false",
    "0f 23 f8, MOV_TO_DR, 0, 0, false",
    "0f 01 38, INVLPG, 0, 0, false",
    "41 0f 01 39, INVLPG, 0, 0, false",
    "0f 01 f0, LMSW, 0, 0, false",
    "0f 01 d1, XSETBV, 0, 0, false",
    "0f 01 c8, MONITOR, 0, 0, false",
    "0f 01 ef, WRPKRU, 0, 0, false",
    "66 0f 38 82 01, INVPCID, 0, 0, false",
  })
  void findsWhatCanCauseVmExits(
      String hex, ActionKind kind, int size, long address, boolean replayable) {
    byte[] code = code(hex);
    Sensitive found = SensitiveOpcodes.scan(code, 0, code.length);
    assertNotNull(found);
    assertEquals(new Sensitive(kind, size, address, replayable), found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "90", // NOP
        "66 90",
        "0f 05", // SYSCALL
        "0f 01 f8", // SWAPGS
        "0f 01 d0", // XGETBV
        "0f 01 20", // SMSW to memory
        "0f 1e fa",
        "f3 0f 1e fa", // ENDBR64
        "48 0f c7 0f", // CMPXCHG16B
        "f3 0f c7 f8", // RDPID
        "c5 f8 77", // VZEROUPPER
        "66 0f 38 00 c1", // PSHUFB
        "0f",
        "66",
        "48 89 e5"
      })
  void takesOthersForPlain(String hex) {
    byte[] code = code(hex);
    assertNull(SensitiveOpcodes.scan(code, 0, code.length));
  }
}
