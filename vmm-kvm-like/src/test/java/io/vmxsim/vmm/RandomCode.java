package io.vmxsim.vmm;

import java.util.HexFormat;
import java.util.Random;

/** Machine code made up of whole instructions that matter to a VMM, and of bytes that are any. */
final class RandomCode {
  /** CPUID to VMX instructions, control registers, ports, strings, descriptor tables, branches. */
  private static final String[] PIECES = {
    "0fa2",
    "0f01c1",
    "f4",
    "0f20c0",
    "0f22c0",
    "0f20d8",
    "0f22d8",
    "0f20e0",
    "0f22e0",
    "440f20c0",
    "440f22c0",
    "0f31",
    "0f01f9",
    "0f33",
    "0f32",
    "0f30",
    "0f01c8",
    "0f01c9",
    "0f09",
    "0f06",
    "0f0138",
    "0f01d1",
    "ec",
    "ee",
    "ed",
    "ef",
    "6c",
    "6e",
    "f36e",
    "f3a4",
    "f3aa",
    "fa",
    "fb",
    "9d",
    "9c",
    "cf",
    "48cf",
    "cc",
    "cd80",
    "0f0b",
    "0f05",
    "480f07",
    "0f34",
    "0f0110",
    "0f0118",
    "0f00d8",
    "0f00d0",
    "8ed0",
    "8ed8",
    "8ee0",
    "0f21c0",
    "0f23f8",
    "0fae00",
    "0fae08",
    "0fc738",
    "660f3880 00",
    "660f3881 00",
    "660f3882 00",
    "0f01c2",
    "0f01c3",
    "0f01c4",
    "f30fc730",
    "0f7838",
    "480301",
    "488901",
    "488b07",
    "8807",
    "ff30",
    "58",
    "e8f0ffffff",
    "ebf0",
    "75ee",
    "c3",
    "f30f01e8",
    "f00fc10f",
    "0fc70f",
    "e640",
    "e440",
    "e6f4",
    "48a5",
    "0f00d8",
    "66 0f2bc1"
  };

  private RandomCode() {}

  static byte[] of(Random random, int length) {
    byte[] code = new byte[length];
    for (int at = 0; at < length; ) {
      byte[] piece;
      if (random.nextInt(3) == 0) {
        piece = new byte[1 + random.nextInt(8)];
        random.nextBytes(piece);
      } else {
        piece = HexFormat.of().parseHex(PIECES[random.nextInt(PIECES.length)].replace(" ", ""));
      }
      int taken = Math.min(piece.length, length - at);
      System.arraycopy(piece, 0, code, at, taken);
      at += taken;
    }
    return code;
  }
}
