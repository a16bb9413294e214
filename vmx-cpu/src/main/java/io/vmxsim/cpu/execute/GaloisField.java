package io.vmxsim.cpu.execute;

/**
 * Polynomials over bits: carry-less products, and bytes modulo x^8 + x^4 + x^3 + x + 1, as AES has
 * them (FIPS 197, 4; later editions of volume 2, "GF2P8MULB" and its kin).
 */
final class GaloisField {
  private static final int POLYNOMIAL = 0x11b;
  private static final int[] INVERSES = new int[256];

  static {
    for (int a = 1; a < INVERSES.length; a++) {
      for (int b = 1; b < INVERSES.length; b++) {
        INVERSES[a] = multiply(a, b) == 1 ? b : INVERSES[a];
      }
    }
  }

  private GaloisField() {}

  static int multiply(int a, int b) {
    int product = 0;
    int shifted = a;
    for (int rest = b; rest != 0; rest >>>= 1) {
      product ^= (rest & 1) != 0 ? shifted : 0;
      shifted <<= 1;
      shifted ^= shifted > 0xff ? POLYNOMIAL : 0;
    }
    return product;
  }

  /** The reciprocal; of 0 it is 0. */
  static int inverse(int a) {
    return INVERSES[a];
  }

  /**
   * {@code matrix · x + constant}: bit i of the result is the parity of row i, byte 7 - i, with x.
   */
  static int affine(long matrix, int x, int constant) {
    int result = 0;
    for (int i = 0; i < Byte.SIZE; i++) {
      int row = (int) (matrix >>> (Byte.SIZE * (7 - i))) & 0xff;
      result |= (Integer.bitCount(row & x) & 1) << i;
    }
    return result ^ constant;
  }

  /** The lower 64 bits of a product without carries. */
  static long multiplyLow(long a, long b) {
    long product = 0;
    for (int i = 0; i < Long.SIZE; i++) {
      product ^= (b >>> i & 1) != 0 ? a << i : 0;
    }
    return product;
  }

  /** The upper 64 bits. */
  static long multiplyHigh(long a, long b) {
    long product = 0;
    for (int i = 1; i < Long.SIZE; i++) {
      product ^= (b >>> i & 1) != 0 ? a >>> (Long.SIZE - i) : 0;
    }
    return product;
  }
}
