package io.vmxsim.cpu.execute;

/** Functions on values, without state. Sizes are in bytes: 1, 2, 4 or 8. */
final class Val {
  private Val() {}

  /** The low {@code size} bytes, sign-extended. */
  static long signExtend(long value, int size) {
    int unused = Long.SIZE - Byte.SIZE * size;
    return value << unused >> unused;
  }

  /** The low {@code size} bytes, zero-extended. */
  static long zeroExtend(long value, int size) {
    int unused = Long.SIZE - Byte.SIZE * size;
    return value << unused >>> unused;
  }

  /** All ones in the low {@code size} bytes. */
  static long mask(int size) {
    return -1L >>> (Long.SIZE - Byte.SIZE * size);
  }

  /** The carry out of each bit of {@code sum = a + b (+ 1)}. */
  static long carries(long a, long b, long sum) {
    return (a & b) | ((a | b) & ~sum);
  }

  /** The borrow out of each bit of {@code difference = a - b (- 1)}. */
  static long borrows(long a, long b, long difference) {
    return (~a & b) | ((~a | b) & difference);
  }

  /** Bit {@code index} of a value. */
  static boolean bit(long value, int index) {
    return (value >>> index & 1) != 0;
  }

  /** The most significant bit of the low {@code size} bytes. */
  static boolean sign(long value, int size) {
    return bit(value, Byte.SIZE * size - 1);
  }

  /** The low {@code size} bytes rotated left by {@code count} bits, 0 to their number. */
  static long rotateLeft(long value, int count, int size) {
    int bits = Byte.SIZE * size;
    int by = count % bits;
    long low = zeroExtend(value, size);
    return by == 0 ? low : zeroExtend(low << by | low >>> (bits - by), size);
  }

  /** The bytes of the low {@code size} bytes in opposite order. */
  static long swapBytes(long value, int size) {
    return Long.reverseBytes(value) >>> (Long.SIZE - Byte.SIZE * size);
  }

  /** PEXT: the bits that {@code mask} selects, gathered at the low end. */
  static long extract(long value, long mask) {
    long result = 0;
    int to = 0;
    for (long left = mask; left != 0; left &= left - 1) {
      result |= (value >>> Long.numberOfTrailingZeros(left) & 1) << to++;
    }
    return result;
  }

  /** PDEP: the low bits of {@code value}, spread to where {@code mask} has ones. */
  static long deposit(long value, long mask) {
    long result = 0;
    int from = 0;
    for (long left = mask; left != 0; left &= left - 1) {
      result |= (value >>> from++ & 1) << Long.numberOfTrailingZeros(left);
    }
    return result;
  }

  /** One step of CRC32 over {@code size} bytes: the polynomial 11EDC6F41H, bits reflected. */
  static int crc32(int crc, long data, int size) {
    int value = crc;
    for (int i = 0; i < Byte.SIZE * size; i++) {
      int low = (value ^ (int) (data >>> i)) & 1;
      value = value >>> 1 ^ (low == 0 ? 0 : 0x82f63b78);
    }
    return value;
  }
}
