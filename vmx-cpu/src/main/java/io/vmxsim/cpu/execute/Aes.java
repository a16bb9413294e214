package io.vmxsim.cpu.execute;

/**
 * The steps of an AES round on 16 bytes in two longs ("Advanced Encryption Standard (AES)", FIPS
 * 197; volume 1, 12.13 "Overview of AESNI and PCLMULQDQ"). Byte {@code row + 4 * column} of the
 * longs is the state's byte there.
 */
final class Aes {
  private static final int BYTES = 16;
  private static final int[] SUBSTITUTES = new int[256];
  private static final int[] ORIGINALS = new int[256];

  static {
    for (int value = 0; value < SUBSTITUTES.length; value++) {
      int inverse = GaloisField.inverse(value);
      int substitute = 0x63;
      for (int turn = 0; turn < 5; turn++) {
        substitute ^= (inverse << turn | inverse >>> (Byte.SIZE - turn)) & 0xff;
      }
      SUBSTITUTES[value] = substitute;
      ORIGINALS[substitute] = value;
    }
  }

  private final int[] state = new int[BYTES];
  private final int[] before = new int[BYTES];

  /** AESENC, or AESENCLAST without MixColumns, of the 16 bytes at {@code at}. */
  void encrypt(long[] data, long[] key, int at, boolean last, long[] into) {
    read(data, at);
    for (int i = 0; i < BYTES; i++) {
      state[i] = SUBSTITUTES[before[i + 4 * (i & 3) & 15]]; // ShiftRows and SubBytes
    }
    if (!last) {
      mix(2, 3, 1, 1);
    }
    write(key, at, into);
  }

  /** AESDEC, or AESDECLAST, by the equivalent inverse cipher. */
  void decrypt(long[] data, long[] key, int at, boolean last, long[] into) {
    read(data, at);
    for (int i = 0; i < BYTES; i++) {
      state[i] = ORIGINALS[before[i - 4 * (i & 3) & 15]]; // InvShiftRows and InvSubBytes
    }
    if (!last) {
      mix(14, 11, 13, 9);
    }
    write(key, at, into);
  }

  /** AESIMC: InvMixColumns alone. */
  void unmix(long[] data, long[] into) {
    read(data, 0);
    System.arraycopy(before, 0, state, 0, BYTES);
    mix(14, 11, 13, 9);
    into[0] = half(0);
    into[1] = half(8);
  }

  /** AESKEYGENASSIST: of doublewords 1 and 3, SubWord and RotWord of that with the constant. */
  static void expand(long[] data, int constant, long[] into) {
    for (int i = 0; i < 2; i++) {
      int word = (int) (data[i] >>> Integer.SIZE);
      int substituted = 0;
      for (int bit = 0; bit < Integer.SIZE; bit += Byte.SIZE) {
        substituted |= SUBSTITUTES[word >>> bit & 0xff] << bit;
      }
      long rotated = Integer.rotateRight(substituted, Byte.SIZE) ^ constant;
      into[i] = rotated << Integer.SIZE | (substituted & 0xffffffffL);
    }
  }

  private void read(long[] data, int at) {
    for (int i = 0; i < BYTES; i++) {
      before[i] = (int) (data[at + i / 8] >>> (Byte.SIZE * (i & 7))) & 0xff;
    }
  }

  private void write(long[] key, int at, long[] into) {
    into[at] = half(0) ^ key[at];
    into[at + 1] = half(8) ^ key[at + 1];
  }

  private long half(int from) {
    long bytes = 0;
    for (int i = 7; i >= 0; i--) {
      bytes = bytes << Byte.SIZE | state[from + i];
    }
    return bytes;
  }

  /** Each column times the matrix whose first row is given and whose others are it, turned. */
  private void mix(int a, int b, int c, int d) {
    System.arraycopy(state, 0, before, 0, BYTES);
    for (int i = 0; i < BYTES; i++) {
      int column = i & ~3;
      state[i] =
          GaloisField.multiply(a, before[i])
              ^ GaloisField.multiply(b, before[column | (i + 1 & 3)])
              ^ GaloisField.multiply(c, before[column | (i + 2 & 3)])
              ^ GaloisField.multiply(d, before[column | (i + 3 & 3)]);
    }
  }
}
