package io.vmxsim.cpu.execute;

import java.math.BigInteger;

/**
 * Transcendental functions of finite numbers that are not 0, to some 100 bits more than a result
 * has ("Transcendental Instruction Accuracy", volume 1, 8.3.10). Numbers in between are integers
 * that count 2^-{@link #F}.
 */
final class Transcendental {
  /** Bits behind the binary point. */
  private static final int F = 256;

  /** Below 2^-TINY the first term of a series is the result but for its last bits. */
  private static final int TINY = 80;

  private static final int HALVINGS = 3;

  private static final BigInteger ONE = BigInteger.ONE.shiftLeft(F);
  private static final BigInteger LN2 = artanh(ONE.divide(BigInteger.valueOf(3))).shiftLeft(1);

  /** Machin's formula. */
  private static final BigInteger PI =
      series(ONE.divide(BigInteger.valueOf(5)), -1)
          .shiftLeft(2)
          .subtract(series(ONE.divide(BigInteger.valueOf(239)), -1))
          .shiftLeft(2);

  /** The 66 bits of pi/2 that angles are reduced by ("Pi", 8.3.8), and their exponent. */
  private static final BigInteger HALF_PI = new BigInteger("3243F6A8885A308D3", 16);

  private static final int HALF_PI_EXPONENT = -65;

  private Transcendental() {}

  // ---- Angles --------------------------------------------------------------------------------

  /** Sine and cosine of an angle below 2^63. */
  static final class Angle {
    private final boolean negative;
    private final int quadrant;
    private final Real rest;
    private final BigInteger sine;
    private final BigInteger cosine;

    Angle(Real x) {
      negative = x.negative;
      int common = Math.min(x.exponent, HALF_PI_EXPONENT);
      BigInteger scaled = x.significand.shiftLeft(x.exponent - common);
      BigInteger unit = HALF_PI.shiftLeft(HALF_PI_EXPONENT - common);
      boolean small = x.magnitude() < -1; // which no reduction changes
      BigInteger[] parts =
          small ? new BigInteger[] {BigInteger.ZERO, scaled} : scaled.divideAndRemainder(unit);
      boolean next = parts[1].shiftLeft(1).compareTo(unit) > 0; // the rest is an eighth at most
      quadrant = (parts[0].intValue() + (next ? 1 : 0)) & 3;
      rest = Real.of(next, next ? unit.subtract(parts[1]) : parts[1], common);
      BigInteger angle = fixed(rest);
      BigInteger squared = times(angle, angle);
      sine = alternating(angle, squared, 1);
      cosine = alternating(ONE, squared, 0);
    }

    Real sine() {
      return part(quadrant, negative);
    }

    Real cosine() {
      return part(quadrant + 1, false);
    }

    private Real part(int which, boolean inverted) {
      boolean below = (which & 2) != 0;
      if ((which & 1) != 0) {
        return isTiny(rest) ? near(one(below != inverted), -1) : real(cosine, below != inverted);
      }
      boolean sign = below ^ inverted ^ rest.negative;
      Real small = Real.of(sign, rest.significand, rest.exponent);
      return isTiny(rest) ? near(small, -1) : real(sine, sign);
    }

    Real tangent() {
      boolean inverts = (quadrant & 1) != 0;
      boolean sign = negative ^ rest.negative ^ inverts;
      if (isTiny(rest) && !inverts) {
        return near(Real.of(sign, rest.significand, rest.exponent), 1);
      }
      BigInteger up = inverts ? cosine : sine;
      BigInteger down = inverts ? sine : cosine;
      return real(up.shiftLeft(F).divide(down), sign);
    }
  }

  /** {@code term - term·squared/((n+1)(n+2)) + …}: sine from n = 1, cosine from n = 0. */
  private static BigInteger alternating(BigInteger first, BigInteger squared, int n) {
    BigInteger sum = first;
    BigInteger term = first;
    for (int i = n; term.signum() != 0; i += 2) {
      long divisor = (i + 1L) * (i + 2L);
      term = times(term, squared).divide(BigInteger.valueOf(-divisor));
      sum = sum.add(term);
    }
    return sum;
  }

  /** The angle of the point (x, y), in the quadrants that their signs say. */
  static Real angle(Real y, Real x) {
    boolean steep = magnitudeOrder(y, x) > 0;
    Real ratio = steep ? quotient(x, y) : quotient(y, x);
    if (isTiny(ratio) && !steep && !x.negative) {
      return near(Real.of(y.negative, ratio.significand, ratio.exponent), -1);
    }
    BigInteger angle = arctan(fixed(ratio));
    BigInteger first = steep ? PI.shiftRight(1).subtract(angle) : angle;
    return real(x.negative ? PI.subtract(first) : first, y.negative);
  }

  /** {@code quarters} quarters of pi. */
  static Real quarters(int quarters, boolean negative) {
    return real(PI.multiply(BigInteger.valueOf(quarters)).shiftRight(2), negative);
  }

  private static int magnitudeOrder(Real a, Real b) {
    return Real.of(false, a.significand, a.exponent)
        .compareTo(Real.of(false, b.significand, b.exponent));
  }

  private static Real quotient(Real a, Real b) {
    int shift = Math.max(0, F + b.significand.bitLength() - a.significand.bitLength());
    BigInteger value = a.significand.shiftLeft(shift).divide(b.significand);
    return Real.of(false, value, a.exponent - shift - b.exponent);
  }

  /** Of 0 to 1. */
  private static BigInteger arctan(BigInteger of) {
    BigInteger t = of;
    for (int i = 0; i < HALVINGS; i++) {
      BigInteger root = ONE.shiftLeft(F).add(t.multiply(t)).sqrt();
      t = t.shiftLeft(F).divide(ONE.add(root));
    }
    return series(t, -1).shiftLeft(HALVINGS);
  }

  // ---- Exponentials and logarithms -----------------------------------------------------------

  /** 2^x - 1, of -1 to 1. */
  static Real exponential(Real x) {
    if (isTiny(x)) {
      return product(x, LN2);
    }
    BigInteger y = times(fixed(x), x.negative ? LN2.negate() : LN2);
    BigInteger sum = BigInteger.ZERO;
    BigInteger term = y;
    for (long i = 2; term.signum() != 0 && i < F; i++) {
      sum = sum.add(term);
      term = times(term, y).divide(BigInteger.valueOf(i));
    }
    return real(sum.abs(), x.negative);
  }

  /** log2(x) of a positive number other than 1; exact for powers of 2. */
  static Real logarithm(Real x) {
    int power = x.magnitude();
    BigInteger bits = x.significand;
    if (bits.bitCount() == 1) {
      return Real.of(power);
    }
    BigInteger mantissa = bits.shiftLeft(F).shiftRight(bits.bitLength() - 1);
    if (mantissa.testBit(F - 1)) { // 1.5 and above count from the next power
      mantissa = mantissa.shiftRight(1);
      power++;
    }
    BigInteger ratio = mantissa.subtract(ONE).shiftLeft(F).divide(mantissa.add(ONE));
    BigInteger log = artanh(ratio).shiftLeft(F + 1).divide(LN2);
    BigInteger value = log.add(BigInteger.valueOf(power).shiftLeft(F));
    return real(value.abs(), value.signum() < 0);
  }

  /** log2(1 + x) of a number near 0. */
  static Real logarithmAbove1(Real x) {
    if (isTiny(x)) {
      return product(x, ONE.shiftLeft(F).divide(LN2));
    }
    BigInteger value = x.negative ? fixed(x).negate() : fixed(x);
    BigInteger ratio = value.shiftLeft(F).divide(value.add(ONE.shiftLeft(1)));
    BigInteger log = artanh(ratio).shiftLeft(F + 1).divide(LN2);
    return real(log.abs(), x.negative);
  }

  private static BigInteger artanh(BigInteger of) {
    return series(of, 1);
  }

  /** {@code t ± t³/3 + t⁵/5 ± …}. */
  private static BigInteger series(BigInteger t, int sign) {
    BigInteger squared = times(t, t).multiply(BigInteger.valueOf(sign));
    BigInteger sum = BigInteger.ZERO;
    BigInteger power = t;
    for (long i = 1; power.signum() != 0 && i < 2 * F; i += 2) {
      sum = sum.add(power.divide(BigInteger.valueOf(i)));
      power = times(power, squared);
    }
    return sum;
  }

  // ---- Numbers -------------------------------------------------------------------------------

  private static boolean isTiny(Real x) {
    return x.isZero() || x.magnitude() < -TINY;
  }

  private static BigInteger times(BigInteger a, BigInteger b) {
    return a.multiply(b).shiftRight(F);
  }

  /** The magnitude. */
  private static BigInteger fixed(Real x) {
    return x.exponent >= -F
        ? x.significand.shiftLeft(x.exponent + F)
        : x.significand.shiftRight(-F - x.exponent);
  }

  /** None of these is exact, which the last bit says. */
  private static Real real(BigInteger magnitude, boolean negative) {
    return Real.of(negative, magnitude.shiftLeft(1).setBit(0), -F - 1);
  }

  private static Real one(boolean negative) {
    return Real.of(negative, BigInteger.ONE, 0);
  }

  private static Real product(Real x, BigInteger by) {
    return Real.of(
        x.negative, x.significand.multiply(by).shiftLeft(1).setBit(0), x.exponent - F - 1);
  }

  /** A number and a little more or, with -1, less. */
  private static Real near(Real x, int more) {
    BigInteger wide = x.significand.shiftLeft(F).add(BigInteger.valueOf(more));
    return Real.of(x.negative, wide, x.exponent - F);
  }
}
