package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.math.BigInteger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Roots, remainders and scaling, which are exact, and the transcendental instructions, which round
 * the exact result here; a processor may be one unit in the last place off ("Transcendental
 * Instructions", volume 1, 8.3.7 to 8.3.10).
 */
final class X87Functions {
  private static final int LONGEST_REDUCTION = 63;

  private final X87Stack stack;
  private final FloatUnit unit;
  private final Faults faults;

  X87Functions(X87Stack stack, Faults faults) {
    this.stack = stack;
    this.faults = faults;
    unit = stack.unit;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case FSQRT -> stack.set(0, unit.squareRoot(stack.get(0)));
      case FRNDINT -> roundToIntegral();
      case FSCALE -> scale();
      case FXTRACT -> extract();
      case FPREM -> remainder(false);
      case FPREM1 -> remainder(true);
      case FSIN, FCOS, FPTAN, FSINCOS -> trigonometric(in);
      case F2XM1 -> exponential();
      case FYL2X -> multiplyBy(logarithm(stack.get(0)));
      case FYL2XP1 -> multiplyBy(logarithmAbove1(stack.get(0)));
      case FPATAN -> arctangent();
      default -> throw faults.notModelled(in.op.mnemonic().toUpperCase(Locale.ROOT));
    }
  }

  private void roundToIntegral() {
    unit.precision = FloatFormat.EXTENDED.precision;
    Real integral = unit.toIntegral(stack.get(0), false);
    boolean up = unit.roundedUp;
    if (stack.set(0, integral) && !stack.hasFaulted()) {
      stack.setC1(up);
    }
  }

  // ---- Transcendental functions --------------------------------------------------------------

  /** Denormals are noted where both operands are numbers. */
  private void noteDenormals(Real a, Real b) {
    boolean numbers = isNumber(a) && isNumber(b) && !stack.hasFaulted();
    unit.raised |= (numbers && (a.denormal || b.denormal)) ? FloatUnit.DENORMAL : 0;
  }

  private static boolean isNumber(Real value) {
    return !value.isNan() && !isUnsupported(value);
  }

  private void trigonometric(Instruction in) {
    Real x = stack.get(0);
    unit.precision = FloatFormat.EXTENDED.precision;
    boolean pushes = in.op == Op.FPTAN || in.op == Op.FSINCOS;
    if (pushes && !stack.isEmpty(-1)) {
      stack.setC2(false);
      overflow();
      return;
    }
    if (isNumber(x) && x.kind == Real.Kind.FINITE && x.magnitude() >= LONGEST_REDUCTION) {
      stack.setC2(true);
      stack.setC1(false);
      return;
    }
    stack.setC2(false);
    noteDenormals(x, x);
    if (x.kind == Real.Kind.FINITE) {
      ofAngle(in.op, new Transcendental.Angle(x));
    } else if (x.isZero()) {
      Real one = Real.of(1);
      put(in.op == Op.FCOS ? one : x, pushes ? one : null);
    } else {
      Real none = isNumber(x) ? unit.invalid() : unit.nan(x, x);
      put(none, pushes ? none : null);
    }
  }

  private void ofAngle(Op op, Transcendental.Angle angle) {
    switch (op) {
      case FSIN -> put(sine(angle), null);
      case FCOS -> put(angle.cosine(), null);
      case FPTAN -> put(angle.tangent(), Real.of(1));
      default -> put(sine(angle), angle.cosine());
    }
  }

  /** That of a denormal is the denormal, and inexact; that of the smallest normal number, too. */
  private Real sine(Transcendental.Angle angle) {
    Real x = stack.get(0);
    if (!x.denormal && !isSmallestNormal(x)) {
      return angle.sine();
    }
    noteInexact(x);
    return x;
  }

  private static boolean isSmallestNormal(Real x) {
    return x.magnitude() == FloatFormat.EXTENDED.lowest && x.significand.bitCount() == 1;
  }

  /** A result in ST(0), and another pushed behind it. */
  private void put(Real result, @Nullable Real pushed) {
    if (stack.set(0, result) && pushed != null && stack.push()) {
      stack.set(0, pushed);
    }
  }

  /** Both results are indefinite where there is no room for the second. */
  private void overflow() {
    if (stack.overflows() && stack.isPushed()) {
      stack.putIndefinite(1);
    }
  }

  private void exponential() {
    Real x = stack.get(0);
    noteDenormals(x, x);
    boolean one = x.kind == Real.Kind.FINITE && x.significand.bitCount() == 1 && x.magnitude() == 0;
    Real result;
    if (one) {
      result = x.negative ? Real.of(true, BigInteger.ONE, -1) : x;
    } else if (x.kind == Real.Kind.FINITE && x.magnitude() < 0) {
      result = Transcendental.exponential(x);
    } else if (isNumber(x)) {
      result = x.isInfinite() && x.negative ? Real.of(-1) : x; // of others it is undefined
    } else {
      result = unit.nan(x, x);
    }
    unit.precision = FloatFormat.EXTENDED.precision;
    unit.raised |= x.kind == Real.Kind.FINITE ? FloatUnit.INEXACT : 0;
    stack.set(0, result);
  }

  private Real logarithm(Real x) {
    if (!isNumber(x)) {
      return x;
    }
    return switch (x.kind) {
      case ZERO -> Real.infinity(true);
      case INFINITY -> x.negative ? Real.INDEFINITE : x;
      default -> x.negative ? Real.INDEFINITE : Transcendental.logarithm(x);
    };
  }

  private Real logarithmAbove1(Real x) {
    boolean usual = x.kind == Real.Kind.FINITE && x.magnitude() < 0;
    return usual ? Transcendental.logarithmAbove1(x) : x; // of other numbers it is undefined
  }

  /** A processor's result counts as inexact, and so a tiny one as an underflow. */
  private void noteInexact(Real result) {
    boolean tiny = result.magnitude() < FloatFormat.EXTENDED.lowest;
    unit.raised |= tiny ? FloatUnit.INEXACT | FloatUnit.UNDERFLOW : FloatUnit.INEXACT;
  }

  /** ST(1) times a logarithm of ST(0), which is popped. */
  private void multiplyBy(Real logarithm) {
    Real x = stack.get(0);
    Real y = stack.get(1);
    unit.precision = FloatFormat.EXTENDED.precision;
    Real result;
    if (!isNumber(x) || !isNumber(y)) {
      result = unit.nan(x, y);
    } else if (logarithm.isNan()) {
      result = unit.invalid();
    } else {
      boolean divides = x.isZero() && logarithm.isInfinite() && !y.isInfinite() && !y.isZero();
      unit.raised |= divides ? FloatUnit.ZERO_DIVIDE : 0;
      result = unit.multiply(y, logarithm);
      unit.raised &= ~FloatUnit.DENORMAL; // which ranks below the others
      if (result.kind == Real.Kind.FINITE) {
        noteInexact(result);
      }
    }
    if ((unit.raised & (FloatUnit.INVALID | FloatUnit.ZERO_DIVIDE)) == 0) {
      noteDenormals(x, y);
    }
    if (stack.set(1, result)) {
      stack.pop();
    }
  }

  private void arctangent() {
    Real x = stack.get(0);
    Real y = stack.get(1);
    noteDenormals(x, y);
    unit.precision = FloatFormat.EXTENDED.precision;
    if (stack.set(1, isNumber(x) && isNumber(y) ? arctangent(y, x) : unit.nan(x, y))) {
      stack.pop();
    }
  }

  /** FPATAN's table of special cases. */
  private static Real arctangent(Real y, Real x) {
    if (y.isInfinite()) {
      return Transcendental.quarters(x.isInfinite() ? (x.negative ? 3 : 1) : 2, y.negative);
    }
    if (y.isZero() || x.isInfinite()) {
      return x.negative ? Transcendental.quarters(4, y.negative) : Real.zero(y.negative);
    }
    return x.isZero() ? Transcendental.quarters(2, y.negative) : Transcendental.angle(y, x);
  }

  /** ST(0) · 2^truncated ST(1). */
  private void scale() {
    Real value = stack.get(0);
    Real by = stack.get(1);
    noteDenormals(value, by);
    unit.precision = FloatFormat.EXTENDED.precision;
    if (value.kind != Real.Kind.FINITE || by.kind != Real.Kind.FINITE) {
      scaleSpecial(value, by);
      return;
    }
    int mode = unit.rounding;
    unit.rounding = FloatUnit.TRUNCATE;
    Real integral = unit.toIntegral(by, true);
    unit.rounding = mode;
    BigInteger amount =
        integral.isZero()
            ? BigInteger.ZERO
            : integral.significand.shiftLeft(Math.min(integral.exponent, Short.SIZE));
    int limited = amount.min(BigInteger.valueOf(1 << 16)).intValue();
    int exponent = value.exponent + (by.negative ? -limited : limited);
    stack.set(0, Real.of(value.negative, value.significand, exponent));
  }

  private void scaleSpecial(Real value, Real by) {
    Real result;
    if (value.isNan() || by.isNan() || isUnsupported(value) || isUnsupported(by)) {
      result = unit.nan(value, by);
    } else if (by.isInfinite()) {
      boolean undefined = by.negative ? value.isInfinite() : value.isZero();
      result =
          undefined
              ? unit.invalid()
              : by.negative ? Real.zero(value.negative) : Real.infinity(value.negative);
    } else {
      result = value;
    }
    stack.set(0, result);
  }

  private static boolean isUnsupported(Real value) {
    return value.kind == Real.Kind.UNSUPPORTED;
  }

  /** Exponent into ST(0), significand pushed. */
  private void extract() {
    Real value = stack.get(0);
    if (!stack.isEmpty(-1)) {
      overflow();
      return;
    }
    Real exponent;
    Real significand = value;
    switch (value.kind) {
      case ZERO -> {
        unit.raised |= FloatUnit.ZERO_DIVIDE;
        exponent = Real.infinity(true);
      }
      case INFINITY -> exponent = Real.infinity(false);
      case FINITE -> {
        unit.raised |= value.denormal ? FloatUnit.DENORMAL : 0;
        exponent = Real.of(value.magnitude());
        significand = Real.of(value.negative, value.significand, 1 - value.significand.bitLength());
      }
      default -> {
        exponent = unit.nan(value, value);
        significand = exponent;
      }
    }
    unit.precision = FloatFormat.EXTENDED.precision;
    put(exponent, significand);
  }

  /** FPREM truncates the quotient, FPREM1 rounds it to nearest; both in steps of 2^63 at most. */
  private void remainder(boolean nearest) {
    Real a = stack.get(0);
    Real b = stack.get(1);
    unit.precision = FloatFormat.EXTENDED.precision;
    stack.setC2(false);
    if (!a.isInfinite() && !b.isZero()) {
      noteDenormals(a, b);
    }
    if (a.kind != Real.Kind.FINITE || b.kind != Real.Kind.FINITE) {
      boolean tiny = a.denormal && stack.significand(0) > 0; // a pseudo-denormal becomes normal
      boolean stays = tiny && b.isInfinite() && !stack.hasFaulted(); // and there is no underflow
      boolean stored = stays ? stack.settle() : stack.set(0, remainderSpecial(a, b));
      if (stored && isNumber(a) && isNumber(b) && !a.isInfinite() && !b.isZero()) {
        stack.setConditions(0);
      }
      return;
    }
    int common = Math.min(a.exponent, b.exponent);
    int distance = a.magnitude() - b.magnitude();
    BigInteger x = a.significand.shiftLeft(a.exponent - common);
    BigInteger y = b.significand.shiftLeft(b.exponent - common);
    if (distance > LONGEST_REDUCTION) {
      // A part of the way; C2 says so.
      BigInteger step = y.shiftLeft(distance - ((distance & 31) | 32));
      BigInteger rest = x.mod(step);
      Real left = rest.signum() == 0 ? Real.zero(a.negative) : Real.of(a.negative, rest, common);
      if (stack.set(0, left)) {
        stack.setConditions(X87Stack.C2);
      }
      return;
    }
    BigInteger[] parts = x.divideAndRemainder(y);
    BigInteger quotient = parts[0];
    BigInteger rest = parts[1];
    boolean negative = a.negative;
    int half = rest.shiftLeft(1).compareTo(y);
    if (nearest && (half > 0 || (half == 0 && quotient.testBit(0)))) {
      quotient = quotient.add(BigInteger.ONE);
      rest = y.subtract(rest);
      negative = !negative;
    }
    Real result = rest.signum() == 0 ? Real.zero(a.negative) : Real.of(negative, rest, common);
    if (!stack.set(0, result)) {
      return;
    }
    int codes = quotient.testBit(0) ? X87Stack.C1 : 0;
    codes |= quotient.testBit(1) ? X87Stack.C3 : 0;
    stack.setConditions(codes | (quotient.testBit(2) ? X87Stack.C0 : 0));
  }

  private Real remainderSpecial(Real a, Real b) {
    if (!isNumber(a) || !isNumber(b)) {
      return unit.nan(a, b);
    }
    if (a.isInfinite() || b.isZero()) {
      return unit.invalid();
    }
    return a;
  }
}
