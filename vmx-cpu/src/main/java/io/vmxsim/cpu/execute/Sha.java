package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

/**
 * Rounds and message schedules of SHA-1 and SHA-256 on four doublewords of a vector (FIPS 180-4, 6;
 * volume 2, "SHA1RNDS4" and its kin). A state's first word is element 3.
 */
final class Sha {
  private static final int[] SHA1_CONSTANTS = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

  private Sha() {}

  private static int word(long[] vector, int i) {
    return (int) element(vector, i, 4);
  }

  private static void words(long[] into, int w3, int w2, int w1, int w0) {
    put(into, 3, 4, w3);
    put(into, 2, 4, w2);
    put(into, 1, 4, w1);
    put(into, 0, 4, w0);
  }

  // ---- SHA-1 ---------------------------------------------------------------------------------

  /** Four rounds; the first word of {@code message} has E added already. */
  static void fourRounds(long[] state, long[] message, int function, long[] into) {
    int a = word(state, 3);
    int b = word(state, 2);
    int c = word(state, 1);
    int d = word(state, 0);
    int e = 0;
    for (int i = 3; i >= 0; i--) {
      int next =
          mixed(function, b, c, d)
              + Integer.rotateLeft(a, 5)
              + word(message, i)
              + e
              + SHA1_CONSTANTS[function];
      e = d;
      d = c;
      c = Integer.rotateLeft(b, 30);
      b = a;
      a = next;
    }
    words(into, a, b, c, d);
  }

  private static int mixed(int function, int b, int c, int d) {
    return switch (function) {
      case 0 -> choice(b, c, d);
      case 2 -> majority(b, c, d);
      default -> b ^ c ^ d;
    };
  }

  /** SHA1NEXTE: E of the next four rounds, added to the first word of the message. */
  static void nextE(long[] state, long[] message, long[] into) {
    int sum = word(message, 3) + Integer.rotateLeft(word(state, 3), 30);
    words(into, sum, word(message, 2), word(message, 1), word(message, 0));
  }

  static void message1(long[] first, long[] second, long[] into) {
    words(
        into,
        word(first, 1) ^ word(first, 3),
        word(first, 0) ^ word(first, 2),
        word(second, 3) ^ word(first, 1),
        word(second, 2) ^ word(first, 0));
  }

  static void message2(long[] first, long[] second, long[] into) {
    int w16 = Integer.rotateLeft(word(first, 3) ^ word(second, 2), 1);
    words(
        into,
        w16,
        Integer.rotateLeft(word(first, 2) ^ word(second, 1), 1),
        Integer.rotateLeft(word(first, 1) ^ word(second, 0), 1),
        Integer.rotateLeft(word(first, 0) ^ w16, 1));
  }

  // ---- SHA-256 -------------------------------------------------------------------------------

  /** Two rounds: {@code cdgh} and {@code abef} hold the state, {@code message} W + K. */
  static void twoRounds(long[] cdgh, long[] abef, long[] message, long[] into) {
    int a = word(abef, 3);
    int b = word(abef, 2);
    int c = word(cdgh, 3);
    int d = word(cdgh, 2);
    int e = word(abef, 1);
    int f = word(abef, 0);
    int g = word(cdgh, 1);
    int h = word(cdgh, 0);
    for (int i = 0; i < 2; i++) {
      int sum = choice(e, f, g) + turned(e, 6, 11, 25) + word(message, i) + h;
      int next = sum + majority(a, b, c) + turned(a, 2, 13, 22);
      h = g;
      g = f;
      f = e;
      e = sum + d;
      d = c;
      c = b;
      b = a;
      a = next;
    }
    words(into, a, b, e, f);
  }

  static void message256First(long[] first, long[] second, long[] into) {
    for (int i = 0; i < 4; i++) {
      int next = i < 3 ? word(first, i + 1) : word(second, 0);
      int sum = Integer.rotateRight(next, 7) ^ Integer.rotateRight(next, 18) ^ next >>> 3;
      put(into, i, 4, word(first, i) + sum);
    }
  }

  static void message256Second(long[] first, long[] second, long[] into) {
    for (int i = 0; i < 4; i++) {
      int before = i < 2 ? word(second, i + 2) : word(into, i - 2);
      int sum = Integer.rotateRight(before, 17) ^ Integer.rotateRight(before, 19) ^ before >>> 10;
      put(into, i, 4, word(first, i) + sum);
    }
  }

  private static int choice(int x, int y, int z) {
    return (x & y) ^ (~x & z);
  }

  private static int majority(int x, int y, int z) {
    return (x & y) ^ (x & z) ^ (y & z);
  }

  private static int turned(int x, int by, int byMore, int byMost) {
    return Integer.rotateRight(x, by)
        ^ Integer.rotateRight(x, byMore)
        ^ Integer.rotateRight(x, byMost);
  }
}
