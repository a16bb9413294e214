package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ciphers and hashes against the examples of their standards. */
class CryptoOperationsTest {
  private static final long DATA = CodeMachine.DATA;
  private static final int[] ROUND_CONSTANTS = {1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};

  /** RDI at {@code data}, which ends with the code. */
  private static CodeMachine run(String source, String data) {
    CodeMachine m = CodeMachine.assembled64(source + "; hlt").with(RDI, DATA);
    m.load(DATA, data);
    m.state.setCr4(m.state.cr4() | CpuState.CR4_OSXSAVE);
    m.state.xcr0 = 7;
    return m.untilHalt();
  }

  private static String bytes(CodeMachine m, long address, int count) {
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < count; i++) {
      hex.append(String.format("%02x", m.memory.read8(address + i)));
    }
    return hex.toString();
  }

  // ---- AES (FIPS 197, appendix C) ------------------------------------------------------------

  private static final String KEY = "000102030405060708090a0b0c0d0e0f";
  private static final String PLAIN = "00112233445566778899aabbccddeeff";
  private static final String CIPHER = "69c4e0d86a7b0430d8cdb78070b4c55a";

  /** The 11 round keys of the key at [rdi] to [rdi + 100H] and on. */
  private static String keyExpansion() {
    StringBuilder code = new StringBuilder("movdqu xmm1, [rdi]; movdqu [rdi + 0x100], xmm1");
    for (int i = 0; i < ROUND_CONSTANTS.length; i++) {
      code.append("; aeskeygenassist xmm2, xmm1, ").append(ROUND_CONSTANTS[i]);
      code.append("; pshufd xmm2, xmm2, 255");
      code.append("; movdqa xmm3, xmm1; pslldq xmm3, 4; pxor xmm1, xmm3");
      code.append("; pslldq xmm3, 4; pxor xmm1, xmm3; pslldq xmm3, 4; pxor xmm1, xmm3");
      code.append("; pxor xmm1, xmm2; movdqu [rdi + ").append(0x110 + 16 * i).append("], xmm1");
    }
    return code.toString();
  }

  @Test
  void aesKeysAreExpanded() {
    CodeMachine m = run(keyExpansion(), KEY);
    assertEquals("d6aa74fdd2af72fadaa678f1d6ab76fe", bytes(m, DATA + 0x110, 16));
    assertEquals("13111d7fe3944a17f307a78b4d2b30c5", bytes(m, DATA + 0x1a0, 16));
  }

  @ParameterizedTest
  @CsvSource({"'',xmm,16", "v,xmm,16", "v,ymm,32"})
  void aesEncrypts(String vex, String register, int bytes) {
    StringBuilder code = new StringBuilder(keyExpansion());
    String block = register + 0;
    code.append("; vmovdqu ").append(block).append(", [rdi + 32]");
    for (int round = 0; round <= 10; round++) {
      String key = vex.isEmpty() ? "xmm4" : register + 4;
      String load = register.equals("ymm") ? "; vbroadcasti128 " : "; movdqu ";
      code.append(load).append(key).append(", [rdi + ").append(0x100 + 16 * round).append("]");
      String step = round == 0 ? "pxor " : round < 10 ? "aesenc " : "aesenclast ";
      String to = vex.isEmpty() ? block : block + ", " + block;
      code.append("; ").append(vex).append(step).append(to).append(", ").append(key);
    }
    code.append("; vmovdqu [rdi + 64], ").append(block);
    CodeMachine m = run(code.toString(), KEY + KEY + PLAIN + PLAIN);
    assertEquals(CIPHER.repeat(bytes / 16), bytes(m, DATA + 64, bytes));
  }

  @Test
  void aesDecrypts() {
    StringBuilder code = new StringBuilder(keyExpansion());
    code.append("; movdqu xmm0, [rdi + 32]; movdqu xmm4, [rdi + 0x1a0]; pxor xmm0, xmm4");
    for (int round = 9; round > 0; round--) {
      int key = 0x100 + 16 * round;
      code.append("; movdqu xmm4, [rdi + ").append(key).append("]; aesimc xmm4, xmm4");
      code.append("; aesdec xmm0, xmm4");
    }
    code.append("; aesdeclast xmm0, [rdi + 0x100]; movdqu [rdi + 64], xmm0");
    CodeMachine m = run(code.toString(), KEY + KEY + CIPHER);
    assertEquals(PLAIN, bytes(m, DATA + 64, 16));
  }

  // ---- SHA (FIPS 180-4, the message "abc") ---------------------------------------------------

  private static final String MESSAGE = "61626380" + "00".repeat(59) + "18";

  /** The message with the bytes of each word turned, as the rounds want it. */
  private static String turned(int from, int count) {
    StringBuilder words = new StringBuilder();
    for (int i = from; i < from + count; i++) {
      String word = MESSAGE.substring(8 * i, 8 * i + 8);
      for (int at = 6; at >= 0; at -= 2) {
        words.append(word, at, at + 2);
      }
    }
    return words.toString();
  }

  /**
   * SHA-1: xmm0 ABCD, xmm1 E, xmm4 to xmm7 the last 16 words; a vector's first word is its highest.
   */
  @Test
  void sha1OfAbc() {
    StringBuilder data = new StringBuilder();
    for (int i = 0; i < 4; i++) {
      for (int word = 3; word >= 0; word--) {
        data.append(turned(4 * i + word, 1));
      }
    }
    data.append("76543210 fedcba98 89abcdef 01234567"); // DCBA
    data.append("000000000000000000000000 f0e1d2c3"); // E
    StringBuilder code = new StringBuilder("movdqu xmm0, [rdi + 64]; movdqu xmm1, [rdi + 80]");
    for (int i = 0; i < 4; i++) {
      code.append("; movdqu xmm").append(4 + i).append(", [rdi + ").append(16 * i).append("]");
    }
    for (int group = 0; group < 20; group++) {
      String words = "xmm" + (4 + group % 4);
      if (group >= 4) {
        code.append("; sha1msg1 ").append(words).append(", xmm").append(4 + (group + 1) % 4);
        code.append("; pxor ").append(words).append(", xmm").append(4 + (group + 2) % 4);
        code.append("; sha1msg2 ").append(words).append(", xmm").append(4 + (group + 3) % 4);
      }
      code.append("; movdqa xmm2, ").append(words);
      code.append(group == 0 ? "; paddd xmm2, xmm1" : "; sha1nexte xmm1, xmm2; movdqa xmm2, xmm1");
      code.append("; movdqa xmm1, xmm0; sha1rnds4 xmm0, xmm2, ").append(group / 5);
    }
    code.append("; pxor xmm3, xmm3; sha1nexte xmm1, xmm3");
    code.append("; movdqu xmm2, [rdi + 64]; paddd xmm0, xmm2");
    code.append("; movdqu xmm2, [rdi + 80]; paddd xmm1, xmm2");
    code.append("; movdqu [rdi + 64], xmm0; movdqu [rdi + 80], xmm1");
    CodeMachine m = run(code.toString(), data.toString());
    assertEquals(0xa9993e36L, m.memory.read32(DATA + 76) & 0xffffffffL);
    assertEquals(0x4706816aL, m.memory.read32(DATA + 72) & 0xffffffffL);
    assertEquals(0xba3e2571L, m.memory.read32(DATA + 68) & 0xffffffffL);
    assertEquals(0x7850c26cL, m.memory.read32(DATA + 64) & 0xffffffffL);
    assertEquals(0x9cd0d89dL, m.memory.read32(DATA + 92) & 0xffffffffL);
  }

  /** The first two rounds as FIPS 180-2, appendix B.1, prints them, and the schedule's W16. */
  @Test
  void sha256OfAbcBegins() {
    // a..h before, as SHA256RNDS2 takes them: CDGH and ABEF, lowest word first.
    String cdgh = "19cde05b abd9831f 3af54fa5 72f36e3c";
    String abef = "8c68059b 7f520e51 85ae67bb 67e6096a";
    // W0 + K0 and W1 + K1.
    String sums = "18 93 ec a3 91 44 37 71";
    CodeMachine m =
        run(
            "movdqu xmm1, [rdi]; movdqu xmm2, [rdi + 16]; movq xmm0, [rdi + 32];"
                + "sha256rnds2 xmm1, xmm2, xmm0; movdqu [rdi], xmm1;"
                + "movdqu xmm3, [rdi + 48]; sha256msg1 xmm3, [rdi + 64]; movdqu [rdi + 48], xmm3;"
                + "pxor xmm4, xmm4; sha256msg2 xmm3, [rdi + 96]; movdqu [rdi + 64], xmm3",
            cdgh + abef + sums + "00".repeat(8) + turned(0, 16));
    assertEquals(0x5a6ad9adL, m.memory.read32(DATA + 12) & 0xffffffffL); // a
    assertEquals(0x5d6aebcdL, m.memory.read32(DATA + 8) & 0xffffffffL); // b: the first round's a
    assertEquals(0x78ce7989L, m.memory.read32(DATA + 4) & 0xffffffffL); // e
    assertEquals(0xfa2a4622L, m.memory.read32(DATA) & 0xffffffffL); // f: the first round's e
    assertEquals(0x61626380L, m.memory.read32(DATA + 64) & 0xffffffffL); // W16
    assertEquals(0x000f0000L, m.memory.read32(DATA + 68) & 0xffffffffL); // W17
    assertEquals(0x7da86405L, m.memory.read32(DATA + 72) & 0xffffffffL); // W18, of W16
    assertEquals(0x600003c6L, m.memory.read32(DATA + 76) & 0xffffffffL); // W19, of W17
  }

  // ---- Polynomials ---------------------------------------------------------------------------

  private static String turned(String big) {
    StringBuilder little = new StringBuilder();
    for (int at = big.length() - 2; at >= 0; at -= 2) {
      little.append(big, at, at + 2);
    }
    return little.toString();
  }

  /** The example of Intel's paper on carry-less multiplication. */
  @ParameterizedTest
  @CsvSource({
    "0x00, 1d4d84c85c3440c0929633d5d36f0451",
    "0x10, 1bd17c8d556ab5a17fa540ac2a281315",
    "0x01, 1a2bf6db3a30862fbabf262df4b7d5c9",
    "0x11, 1d1e1f2c592e7c45d66ee03e410fd4ed",
  })
  void productsWithoutCarries(String selector, String product) {
    CodeMachine m =
        run(
            "movdqu xmm1, [rdi]; pclmulqdq xmm1, [rdi + 16], "
                + selector
                + "; movdqu [rdi + 32], xmm1",
            turned("7b5b54657374566563746f725d53475d")
                + turned("48692853686179295b477565726f6e5d"));
    assertEquals(turned(product), bytes(m, DATA + 32, 16));
  }

  /** FIPS 197, 4.2, and its S-box, which is an affine transformation of the reciprocal. */
  @Test
  void bytesOfTheGaloisField() {
    String matrix = "f1e3c78f1f3e7cf8"; // bytes 7 to 0 are the rows, from the first
    CodeMachine m =
        run(
            "movdqu xmm1, [rdi]; gf2p8mulb xmm1, [rdi + 16]; movdqu [rdi + 32], xmm1;"
                + "movdqu xmm1, [rdi]; gf2p8affineinvqb xmm1, [rdi + 48], 0x63;"
                + "movdqu [rdi + 64], xmm1;"
                + "movdqu xmm1, [rdi]; gf2p8affineqb xmm1, [rdi + 80], 0;"
                + "movdqu [rdi + 96], xmm1",
            "57 53 00 01 ff".replace(" ", "")
                + "00".repeat(11)
                + "83 02 03 04 01".replace(" ", "")
                + "00".repeat(27)
                + turned(matrix).repeat(2)
                + "00".repeat(16)
                + "8040201008040201".repeat(2)); // each row picks one bit
    assertEquals("c1a60004ff", bytes(m, DATA + 32, 5));
    assertEquals("5bed637c16", bytes(m, DATA + 64, 5));
    assertEquals("57530001ff", bytes(m, DATA + 96, 5));
  }
}
