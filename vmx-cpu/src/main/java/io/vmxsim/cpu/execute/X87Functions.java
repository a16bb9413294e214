package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;
import java.math.BigInteger;
import java.util.Locale;

/**
 * Roots, remainders and scaling, which are exact, and the transcendental instructions, whose
 * results here have the accuracy of a double ("Transcendental Instructions", volume 1, 8.3.7 to
 * 8.3.10).
 */
final class X87Functions {
  private static final double LOG_2 = Math.log(2);
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
      case FRNDINT -> stack.set(0, unit.toIntegral(stack.get(0), false));
      case FSCALE -> scale();
      case FXTRACT -> extract();
      case FPREM -> remainder(false);
      case FPREM1 -> remainder(true);
      case FSIN -> set(Math.sin(argument()));
      case FCOS -> set(Math.cos(argument()));
      case FPTAN -> {
        set(Math.tan(argument()));
        push(1);
      }
      case FSINCOS -> {
        double angle = argument();
        set(Math.sin(angle));
        push(Math.cos(angle));
      }
      case F2XM1 -> set(Math.expm1(argument() * LOG_2));
      case FYL2X -> pair(Math.log(argument()) / LOG_2 * stack.get(1).toDouble());
      case FYL2XP1 -> pair(Math.log1p(argument()) / LOG_2 * stack.get(1).toDouble());
      case FPATAN -> pair(Math.atan2(stack.get(1).toDouble(), argument()));
      default -> throw faults.notModelled(in.op.mnemonic().toUpperCase(Locale.ROOT));
    }
  }

  private double argument() {
    Real value = stack.get(0);
    if (value.kind == Real.Kind.SIGNALING || value.kind == Real.Kind.UNSUPPORTED) {
      unit.raised |= FloatUnit.INVALID;
    }
    stack.setConditions(0);
    return value.toDouble();
  }

  private Real real(double value) {
    Real exact = Real.of(FloatFormat.DOUBLE, Double.doubleToLongBits(value));
    unit.raised |= exact.kind == Real.Kind.FINITE ? FloatUnit.INEXACT : 0;
    return exact.isNan() ? unit.invalid() : exact;
  }

  private void set(double value) {
    stack.set(0, real(value));
  }

  private void push(double value) {
    if (stack.push()) {
      stack.set(0, Real.of(FloatFormat.DOUBLE, Double.doubleToLongBits(value)));
    }
  }

  /** A result into ST(1), which becomes the top. */
  private void pair(double value) {
    stack.set(1, real(value));
    stack.pop();
  }

  /** ST(0) · 2^truncated ST(1). */
  private void scale() {
    Real value = stack.get(0);
    Real by = stack.get(1);
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
    if (stack.settle()) {
      unit.precision = FloatFormat.EXTENDED.precision;
      stack.set(0, exponent);
      if (stack.push()) {
        stack.set(0, significand);
      }
    }
  }

  /** FPREM truncates the quotient, FPREM1 rounds it to nearest; both in steps of 2^63 at most. */
  private void remainder(boolean nearest) {
    Real a = stack.get(0);
    Real b = stack.get(1);
    stack.setConditions(0);
    if (a.kind != Real.Kind.FINITE || b.kind != Real.Kind.FINITE) {
      stack.set(0, remainderSpecial(a, b));
      return;
    }
    int common = Math.min(a.exponent, b.exponent);
    int distance = a.magnitude() - b.magnitude();
    BigInteger x = a.significand.shiftLeft(a.exponent - common);
    BigInteger y = b.significand.shiftLeft(b.exponent - common);
    if (distance > LONGEST_REDUCTION) {
      // A part of the way; C2 says so.
      BigInteger step = y.shiftLeft(distance - 32);
      stack.set(0, Real.of(a.negative, x.mod(step), common));
      stack.setConditions(X87Stack.C2);
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
    unit.precision = FloatFormat.EXTENDED.precision;
    stack.set(0, rest.signum() == 0 ? Real.zero(a.negative) : Real.of(negative, rest, common));
    int codes = quotient.testBit(0) ? X87Stack.C1 : 0;
    codes |= quotient.testBit(1) ? X87Stack.C3 : 0;
    stack.setConditions(codes | (quotient.testBit(2) ? X87Stack.C0 : 0));
  }

  private Real remainderSpecial(Real a, Real b) {
    if (a.isNan() || b.isNan() || isUnsupported(a) || isUnsupported(b)) {
      return unit.nan(a, b);
    }
    return a.isInfinite() || b.isZero() ? unit.invalid() : a;
  }
}
