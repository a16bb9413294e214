package io.vmxsim.cpu.execute;

import java.math.BigInteger;

/**
 * A floating-point number of any of the three formats, exactly: a signed zero, {@code significand ×
 * 2^exponent}, an infinity or a NaN ("Real Number and NaN Encodings", volume 1, 4.8.3).
 */
final class Real {
  enum Kind {
    ZERO,
    FINITE,
    INFINITY,
    QUIET,
    SIGNALING,
    /** Unnormals and pseudo-NaNs of the 80-bit format: invalid operands. */
    UNSUPPORTED
  }

  private static final BigInteger UNSIGNED = BigInteger.ONE.shiftLeft(Long.SIZE);
  private static final long TOP = Long.MIN_VALUE;
  private static final long QUIET_BIT = 1L << 62;

  /** The QNaN floating-point indefinite. */
  static final Real INDEFINITE =
      new Real(Kind.QUIET, true, BigInteger.ZERO, 0, false, TOP | QUIET_BIT);

  final Kind kind;
  final boolean negative;
  final BigInteger significand;
  final int exponent;

  /** Whether it was encoded as a denormal. */
  final boolean denormal;

  /** Of a NaN: its significand as the 80-bit format has it. */
  final long payload;

  private Real(
      Kind kind,
      boolean negative,
      BigInteger significand,
      int exponent,
      boolean denormal,
      long payload) {
    this.kind = kind;
    this.negative = negative;
    this.significand = significand;
    this.exponent = exponent;
    this.denormal = denormal;
    this.payload = payload;
  }

  static Real zero(boolean negative) {
    return new Real(Kind.ZERO, negative, BigInteger.ZERO, 0, false, 0);
  }

  static Real infinity(boolean negative) {
    return new Real(Kind.INFINITY, negative, BigInteger.ZERO, 0, false, 0);
  }

  /** {@code ±significand × 2^exponent}; zero takes the sign too. */
  static Real of(boolean negative, BigInteger significand, int exponent) {
    return significand.signum() == 0
        ? zero(negative)
        : new Real(Kind.FINITE, negative, significand, exponent, false, 0);
  }

  static Real of(long integer) {
    return of(integer < 0, BigInteger.valueOf(integer).abs(), 0);
  }

  static BigInteger unsigned(long value) {
    BigInteger big = BigInteger.valueOf(value);
    return value < 0 ? big.add(UNSIGNED) : big;
  }

  private static Real nan(boolean negative, long payload) {
    Kind kind = (payload & QUIET_BIT) != 0 ? Kind.QUIET : Kind.SIGNALING;
    return new Real(kind, negative, BigInteger.ZERO, 0, false, payload);
  }

  /** From the 80-bit format. */
  static Real ofExtended(int signAndExponent, long bits) {
    boolean negative = (signAndExponent & 0x8000) != 0;
    int biased = signAndExponent & 0x7fff;
    if (biased == 0) {
      return bits == 0 ? zero(negative) : subnormal(negative, unsigned(bits), -16382 - 63);
    }
    if (bits >= 0) {
      return new Real(Kind.UNSUPPORTED, negative, BigInteger.ZERO, 0, false, bits);
    }
    if (biased == 0x7fff) {
      return bits == TOP ? infinity(negative) : nan(negative, bits);
    }
    return of(negative, unsigned(bits), biased - 16383 - 63);
  }

  private static Real subnormal(boolean negative, BigInteger significand, int exponent) {
    return new Real(Kind.FINITE, negative, significand, exponent, true, 0);
  }

  /** From the 32-bit or the 64-bit format. */
  static Real of(FloatFormat format, long bits) {
    int stored = format.precision - 1;
    long fraction = bits & (1L << stored) - 1;
    int biased = (int) (bits >>> stored) & format.exponentMask();
    boolean negative = (bits >>> (stored + format.exponentBits) & 1) != 0;
    if (biased == 0) {
      return fraction == 0
          ? zero(negative)
          : subnormal(negative, BigInteger.valueOf(fraction), format.lowest - stored);
    }
    if (biased == format.exponentMask()) {
      return fraction == 0
          ? infinity(negative)
          : nan(negative, TOP | fraction << (Long.SIZE - format.precision));
    }
    BigInteger significand = BigInteger.valueOf(fraction | 1L << stored);
    return of(negative, significand, biased - format.bias() - stored);
  }

  boolean isNan() {
    return kind == Kind.QUIET || kind == Kind.SIGNALING;
  }

  boolean isZero() {
    return kind == Kind.ZERO;
  }

  boolean isInfinite() {
    return kind == Kind.INFINITY;
  }

  /** The same NaN, quiet. */
  Real quiet() {
    return new Real(Kind.QUIET, negative, significand, exponent, false, payload | QUIET_BIT);
  }

  /** With the other sign. */
  Real negated() {
    return new Real(kind, !negative, significand, exponent, denormal, payload);
  }

  /** The exponent of the leading bit of a finite number. */
  int magnitude() {
    return exponent + significand.bitLength() - 1;
  }

  /** -1, 0 or 1 as this is less than, equal to or greater than {@code other}; neither is a NaN. */
  int compareTo(Real other) {
    if (isZero() && other.isZero()) {
      return 0;
    }
    if (negative != other.negative && !isZero() && !other.isZero()) {
      return negative ? -1 : 1;
    }
    int sign = isZero() ? (other.negative ? 1 : -1) : negative ? -1 : 1;
    if (isZero() || other.isZero()) {
      return sign;
    }
    return sign * compareMagnitude(other);
  }

  private int compareMagnitude(Real other) {
    if (isInfinite() || other.isInfinite()) {
      return isInfinite() == other.isInfinite() ? 0 : isInfinite() ? 1 : -1;
    }
    int common = Math.min(exponent, other.exponent);
    return significand
        .shiftLeft(exponent - common)
        .compareTo(other.significand.shiftLeft(other.exponent - common));
  }

  /** The nearest double, for functions that have no more than its accuracy here. */
  double toDouble() {
    return switch (kind) {
      case ZERO -> negative ? -0.0 : 0.0;
      case INFINITY -> negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      case FINITE -> {
        int excess = Math.max(0, significand.bitLength() - 64);
        double value = significand.shiftRight(excess).doubleValue();
        yield Math.scalb(negative ? -value : value, exponent + excess);
      }
      default -> Double.NaN;
    };
  }
}
