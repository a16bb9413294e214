package io.vmxsim.cpu.execute;

/** The floating-point formats ("Floating-Point Data Types", volume 1, 4.2.2). */
enum FloatFormat {
  HALF(11, 5),
  SINGLE(24, 8),
  DOUBLE(53, 11),
  EXTENDED(64, 15);

  /** Bits of the significand, its integer bit included. */
  final int precision;

  final int exponentBits;

  /** The exponents of the smallest normal and of the largest number. */
  final int lowest;

  final int highest;

  FloatFormat(int precision, int exponentBits) {
    this.precision = precision;
    this.exponentBits = exponentBits;
    highest = (1 << (exponentBits - 1)) - 1;
    lowest = 1 - highest;
  }

  int bias() {
    return highest;
  }

  int exponentMask() {
    return (1 << exponentBits) - 1;
  }

  /** Bytes in memory. */
  int bytes() {
    return switch (this) {
      case HALF -> 2;
      case SINGLE -> 4;
      case DOUBLE -> 8;
      case EXTENDED -> 10;
    };
  }
}
