package io.vmxsim.cpu.execute;

import java.math.BigInteger;

/**
 * Arithmetic on {@link Real} numbers: exact, then rounded once ("Floating-Point Rounding" and
 * "Floating-Point Exceptions", volume 1, 4.8.4 and 4.9). The x87 and the SSE instructions share it;
 * they differ in whose NaN a result is and in what they do with {@link #raised}.
 */
final class FloatUnit {
  static final int INVALID = 1;
  static final int DENORMAL = 1 << 1;
  static final int ZERO_DIVIDE = 1 << 2;
  static final int OVERFLOW = 1 << 3;
  static final int UNDERFLOW = 1 << 4;
  static final int INEXACT = 1 << 5;

  /** The exceptions that, unmasked, keep a result from being computed. */
  static final int BEFORE_COMPUTING = INVALID | DENORMAL | ZERO_DIVIDE;

  static final int NEAREST = 0;
  static final int DOWN = 1;
  static final int UP = 2;
  static final int TRUNCATE = 3;

  /** Bits of a quotient or root that decide every rounding, a sticky one below them. */
  private static final int ENOUGH = 70;

  /** Of results in an exponent that handlers of overflow and underflow get. */
  private static final int BIAS = 24576;

  /** The rounding mode, as RC encodes it. */
  int rounding;

  /** Bits of the significand that results keep: the format's, or fewer by x87 precision control. */
  int precision;

  /** FTZ of MXCSR. */
  boolean flushesToZero;

  /** The x87 unit prefers the NaN with the larger significand, SSE the first. */
  boolean prefersLarger;

  /**
   * The exceptions that software handles; of the x87 unit only, whose results are scaled for it
   * ("Numeric Overflow Exception (#O)", 8.5.4).
   */
  int unmasked;

  /** The exceptions of what was done since they were cleared. */
  int raised;

  /** Whether the last rounding made the magnitude larger: C1 of the x87 status. */
  boolean roundedUp;

  /** The 80-bit format's sign and exponent of the last {@link #pack}. */
  int packedSignAndExponent;

  private boolean sticky;

  // ---- Operations ----------------------------------------------------------------------------

  Real add(Real a, Real b) {
    if (isSpecial(a, b)) {
      return nan(a, b);
    }
    if (a.isInfinite() || b.isInfinite()) {
      boolean opposed = a.isInfinite() && b.isInfinite() && a.negative != b.negative;
      return opposed ? invalid() : a.isInfinite() ? a : b;
    }
    if (a.isZero() && b.isZero()) {
      return a.negative == b.negative ? a : Real.zero(rounding == DOWN);
    }
    int common = Math.min(scale(a, b), scale(b, a));
    BigInteger sum = aligned(a, common).add(aligned(b, common));
    boolean negative = sum.signum() == 0 ? rounding == DOWN : sum.signum() < 0;
    return Real.of(negative, sum.abs(), common);
  }

  private static int scale(Real a, Real other) {
    return a.isZero() ? other.exponent : a.exponent;
  }

  private static BigInteger aligned(Real a, int exponent) {
    BigInteger shifted =
        a.isZero() ? BigInteger.ZERO : a.significand.shiftLeft(a.exponent - exponent);
    return a.negative ? shifted.negate() : shifted;
  }

  Real subtract(Real a, Real b) {
    return b.isNan() ? add(a, b) : add(a, b.negated());
  }

  Real multiply(Real a, Real b) {
    if (isSpecial(a, b)) {
      return nan(a, b);
    }
    boolean negative = a.negative != b.negative;
    if (a.isInfinite() || b.isInfinite()) {
      return a.isZero() || b.isZero() ? invalid() : Real.infinity(negative);
    }
    return Real.of(negative, a.significand.multiply(b.significand), a.exponent + b.exponent);
  }

  Real divide(Real a, Real b) {
    if (b.isZero() && a.kind == Real.Kind.FINITE) {
      raised |= ZERO_DIVIDE;
      return Real.infinity(a.negative != b.negative);
    }
    if (isSpecial(a, b)) {
      return nan(a, b);
    }
    boolean negative = a.negative != b.negative;
    if (a.isInfinite()) {
      return b.isInfinite() ? invalid() : Real.infinity(negative);
    }
    if (b.isInfinite()) {
      return Real.zero(negative);
    }
    if (a.isZero()) {
      return b.isZero() ? invalid() : Real.zero(negative);
    }
    int shift = Math.max(0, ENOUGH + b.significand.bitLength() - a.significand.bitLength());
    BigInteger[] parts = a.significand.shiftLeft(shift).divideAndRemainder(b.significand);
    return withSticky(negative, parts[0], a.exponent - shift - b.exponent, parts[1].signum() != 0);
  }

  Real squareRoot(Real a) {
    if (a.negative && (a.kind == Real.Kind.FINITE || a.isInfinite())) {
      return invalid();
    }
    if (isSpecial(a, a)) {
      return nan(a, a);
    }
    if (a.isZero()) {
      return a;
    }
    if (a.isInfinite()) {
      return a;
    }
    int shift = 2 * ENOUGH + (a.exponent & 1);
    BigInteger radicand = a.significand.shiftLeft(shift);
    BigInteger root = radicand.sqrt();
    boolean rest = !root.multiply(root).equals(radicand);
    return withSticky(false, root, (a.exponent - shift) / 2, rest);
  }

  /** A bit below all others stands for what is left. */
  private static Real withSticky(boolean negative, BigInteger value, int exponent, boolean rest) {
    BigInteger wider = value.shiftLeft(1);
    return Real.of(negative, rest ? wider.setBit(0) : wider, exponent - 1);
  }

  // ---- NaNs ("Operating on SNaNs and QNaNs", volume 1, 4.8.3.5) ------------------------------

  /** Whether an operand is not a number, or a denormal, which is noted. */
  private boolean isSpecial(Real a, Real b) {
    boolean unsupported = a.kind == Real.Kind.UNSUPPORTED || b.kind == Real.Kind.UNSUPPORTED;
    boolean special = unsupported || a.isNan() || b.isNan();
    if (!special) {
      noteDenormals(a, b);
    }
    return special;
  }

  /** Which ranks below an invalid operation and a division by zero. */
  private void noteDenormals(Real a, Real b) {
    raised |= a.denormal || b.denormal ? DENORMAL : 0;
  }

  /** The result of an operation with a NaN among its operands. */
  Real nan(Real a, Real b) {
    if (a.kind == Real.Kind.UNSUPPORTED || b.kind == Real.Kind.UNSUPPORTED) {
      return invalid();
    }
    boolean firstSignals = a.kind == Real.Kind.SIGNALING;
    boolean secondSignals = b.kind == Real.Kind.SIGNALING;
    if (firstSignals || secondSignals) {
      raised |= INVALID;
    }
    if (!a.isNan() || !b.isNan()) {
      return (a.isNan() ? a : b).quiet();
    }
    if (prefersLarger && firstSignals != secondSignals) {
      return (firstSignals ? b : a).quiet();
    }
    return (prefersLarger && isLarger(b, a) ? b : a).quiet();
  }

  private static boolean isLarger(Real a, Real b) {
    int order = Long.compareUnsigned(a.payload << 1, b.payload << 1);
    return order > 0 || (order == 0 && !a.negative && b.negative);
  }

  Real invalid() {
    raised |= INVALID;
    return Real.INDEFINITE;
  }

  // ---- Comparison ----------------------------------------------------------------------------

  /** What {@link #compare} gives if an operand is a NaN. */
  static final int UNORDERED = 2;

  /** -1, 0, 1 or UNORDERED; a quiet NaN is invalid only if {@code quietIsInvalid}. */
  int compare(Real a, Real b, boolean quietIsInvalid) {
    if (!isSpecial(a, b)) {
      return a.compareTo(b);
    }
    boolean signals =
        !(a.kind == Real.Kind.QUIET || isNumber(a)) || !(b.kind == Real.Kind.QUIET || isNumber(b));
    if (quietIsInvalid || signals) {
      raised |= INVALID;
    }
    return UNORDERED;
  }

  private static boolean isNumber(Real a) {
    return !a.isNan() && a.kind != Real.Kind.UNSUPPORTED;
  }

  // ---- Rounding ------------------------------------------------------------------------------

  /** {@code value / 2^shift} rounded to an integer; notes what was lost in {@link #sticky}. */
  private BigInteger round(BigInteger value, int shift, boolean negative) {
    sticky = false;
    roundedUp = false;
    if (shift <= 0) {
      return value.shiftLeft(-shift);
    }
    BigInteger kept = value.shiftRight(shift);
    sticky = value.getLowestSetBit() < shift;
    boolean half = value.testBit(shift - 1);
    boolean beyondHalf = half && value.getLowestSetBit() < shift - 1;
    roundedUp =
        sticky
            && switch (rounding) {
              case NEAREST -> beyondHalf || (half && kept.testBit(0));
              case DOWN -> negative;
              case UP -> !negative;
              default -> false;
            };
    return roundedUp ? kept.add(BigInteger.ONE) : kept;
  }

  /**
   * A number as a format encodes it, rounded, with overflow, underflow and inexact results noted.
   *
   * @return the bits; of the 80-bit format the significand
   */
  long pack(Real a, FloatFormat format) {
    roundedUp = false;
    return switch (a.kind) {
      case ZERO -> encode(a.negative, 0, 0, format);
      case INFINITY -> encodeInfinity(a.negative, format);
      case QUIET, SIGNALING, UNSUPPORTED -> encodeNan(a, format);
      case FINITE -> packFinite(a, format);
    };
  }

  private long packFinite(Real a, FloatFormat format) {
    if (format == FloatFormat.EXTENDED && (unmasked & (OVERFLOW | UNDERFLOW)) != 0) {
      return packScaled(a);
    }
    return packInRange(a, format);
  }

  /** An unmasked overflow or underflow leaves the result divided or multiplied by 2^24576. */
  private long packScaled(Real a) {
    int before = raised;
    long bits = packInRange(a, FloatFormat.EXTENDED);
    boolean overflow = (raised & unmasked & ~before & OVERFLOW) != 0;
    boolean underflow = tiny && (unmasked & UNDERFLOW) != 0;
    if (!overflow && !underflow) {
      return bits;
    }
    raised = before;
    Real scaled = Real.of(a.negative, a.significand, a.exponent + (underflow ? BIAS : -BIAS));
    int scaledMagnitude = scaled.magnitude();
    if (scaledMagnitude > FloatFormat.EXTENDED.highest) { // as only FSCALE can make it
      raised |= OVERFLOW | INEXACT;
      roundedUp = true;
      return encodeInfinity(a.negative, FloatFormat.EXTENDED);
    }
    if (scaledMagnitude < FloatFormat.EXTENDED.lowest) {
      raised |= UNDERFLOW | INEXACT;
      roundedUp = false;
      return encode(a.negative, 0, 0, FloatFormat.EXTENDED);
    }
    bits = packInRange(scaled, FloatFormat.EXTENDED);
    raised = (raised & ~(OVERFLOW | UNDERFLOW)) | before | (overflow ? OVERFLOW : UNDERFLOW);
    return bits;
  }

  private long packInRange(Real a, FloatFormat format) {
    int kept = Math.min(precision, format.precision);
    int magnitude = a.magnitude();
    boolean isTiny = false;
    boolean handled = false; // whether the result that a handler of underflow would get is inexact
    if (magnitude < format.lowest) {
      BigInteger unbounded = round(a.significand, magnitude - kept + 1 - a.exponent, a.negative);
      handled = sticky;
      isTiny = unbounded.bitLength() <= kept || magnitude + 1 < format.lowest;
    }
    int quantum = Math.max(magnitude - kept + 1, format.lowest - kept + 1);
    BigInteger rounded = round(a.significand, quantum - a.exponent, a.negative);
    if (isTiny && flushesToZero) {
      raised |= UNDERFLOW | INEXACT;
      return encode(a.negative, 0, 0, format);
    }
    boolean isHandled = isTiny && (unmasked & UNDERFLOW) != 0;
    raised |= (isHandled ? handled : sticky) ? INEXACT : 0;
    raised |= isHandled || (isTiny && sticky) ? UNDERFLOW : 0;
    tiny = isTiny;
    int top = quantum + rounded.bitLength() - 1;
    if (top > format.highest) {
      return packOverflow(a.negative, format);
    }
    if (rounded.signum() == 0) {
      return encode(a.negative, 0, 0, format);
    }
    int lowestQuantum = format.lowest - format.precision + 1;
    if (top < format.lowest) {
      return encode(a.negative, 0, rounded.shiftLeft(quantum - lowestQuantum).longValue(), format);
    }
    long bits = rounded.shiftLeft(format.precision - rounded.bitLength()).longValue();
    return encode(a.negative, top + format.bias(), bits, format);
  }

  /** Whether the last result packed was tiny, exact or not: what unmasked underflow asks. */
  private boolean tiny;

  private long packOverflow(boolean negative, FloatFormat format) {
    raised |= (unmasked & OVERFLOW) != 0 ? OVERFLOW : OVERFLOW | INEXACT;
    boolean infinite =
        switch (rounding) {
          case NEAREST -> true;
          case DOWN -> negative;
          case UP -> !negative;
          default -> false;
        };
    roundedUp = infinite;
    if (infinite) {
      return encodeInfinity(negative, format);
    }
    long largest = -1L >>> (Long.SIZE - Math.min(precision, format.precision));
    long bits = largest << (format.precision - Math.min(precision, format.precision));
    return encode(negative, format.exponentMask() - 1, bits, format);
  }

  private long encodeInfinity(boolean negative, FloatFormat format) {
    return encode(negative, format.exponentMask(), 1L << (format.precision - 1), format);
  }

  private long encodeNan(Real a, FloatFormat format) {
    long bits = a.payload >>> (Long.SIZE - format.precision);
    return encode(a.negative, format.exponentMask(), bits, format);
  }

  /** {@code significand} has its integer bit, which two of the formats do not store. */
  private long encode(boolean negative, int biased, long significand, FloatFormat format) {
    packedSignAndExponent = (negative ? 0x8000 : 0) | biased;
    if (format == FloatFormat.EXTENDED) {
      return significand;
    }
    int stored = format.precision - 1;
    long fraction = significand & (1L << stored) - 1;
    long sign = negative ? 1L << (stored + format.exponentBits) : 0;
    return sign | (long) biased << stored | fraction;
  }

  /** A number rounded to an integral one; {@code quietly} without noting that it was inexact. */
  Real toIntegral(Real a, boolean quietly) {
    if (isSpecial(a, a)) {
      return nan(a, a);
    }
    if (a.kind != Real.Kind.FINITE || a.exponent >= 0) {
      return a;
    }
    BigInteger rounded = round(a.significand, -a.exponent, a.negative);
    raised |= sticky && !quietly ? INEXACT : 0;
    return Real.of(a.negative, rounded, 0);
  }

  /**
   * A number as a signed integer; what does not fit is invalid and gives the integer indefinite.
   *
   * @param bytes 2, 4 or 8
   */
  long toInteger(Real a, int bytes) {
    long indefinite = -1L << (Byte.SIZE * bytes - 1);
    if (a.isZero()) {
      return 0;
    }
    roundedUp = false;
    if (a.kind != Real.Kind.FINITE || a.magnitude() >= Long.SIZE) {
      raised |= INVALID;
      return indefinite;
    }
    int before = raised;
    Real integral = toIntegral(a, false);
    BigInteger value = integral.significand.shiftLeft(Math.max(0, integral.exponent));
    BigInteger signed = a.negative ? value.negate() : value;
    if (signed.bitLength() >= Byte.SIZE * bytes) {
      raised = before | INVALID;
      roundedUp = false;
      return indefinite;
    }
    return signed.longValue();
  }
}
