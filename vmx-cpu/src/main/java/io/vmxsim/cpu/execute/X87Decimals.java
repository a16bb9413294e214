package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import java.math.BigInteger;

/**
 * Integers of 18 decimal digits, two to a byte, with a sign in the tenth byte ("BCD and Packed BCD
 * Integers", volume 1, 4.7): FBLD and FBSTP.
 */
final class X87Decimals {
  private static final int DIGITS = 18;
  private static final int DIGITS_IN_LONG = 16;
  private static final int NEGATIVE = 0x8000;
  private static final int INDEFINITE_TOP = 0xffff;
  private static final long INDEFINITE = 0xc000000000000000L;
  private static final BigInteger LIMIT = BigInteger.TEN.pow(DIGITS);

  private final X87Stack stack;
  private final FloatUnit unit;
  private final Operands operands;
  private final ExtendedState extended;

  X87Decimals(X87Stack stack, Operands operands, ExtendedState extended) {
    this.extended = extended;
    this.stack = stack;
    this.operands = operands;
    unit = stack.unit;
  }

  /** Digits above 9, of which the SDM says nothing, count as what they are. */
  void load(Instruction in) {
    long low = operands.loadAt(in, 0, 8);
    int top = (int) operands.loadAt(in, 8, 2);
    long value = 0;
    for (int i = DIGITS - 1; i >= 0; i--) {
      long digits = i < DIGITS_IN_LONG ? low >>> (4 * i) : top >>> (4 * (i - DIGITS_IN_LONG));
      value = 10 * value + (digits & 15);
    }
    if (!stack.push()) {
      return;
    }
    unit.precision = FloatFormat.EXTENDED.precision;
    Real real = Real.of((top & NEGATIVE) != 0, Real.unsigned(value), 0);
    long significand = unit.pack(real, FloatFormat.EXTENDED);
    stack.put(0, unit.packedSignAndExponent, significand);
    stack.setC1(false);
  }

  void store(Instruction in) {
    int status = extended.status;
    Real value = stack.get(0);
    BigInteger integer = rounded(value);
    boolean valid = (unit.raised & FloatUnit.INVALID) == 0;
    long low = valid ? digits(integer.longValue(), 0) : INDEFINITE;
    long sign = value.negative ? NEGATIVE : 0;
    long top = digits(integer.longValue(), DIGITS_IN_LONG) | sign;
    stack.store(operands, in, status, low, valid ? top : INDEFINITE_TOP);
    if (stack.settle()) {
      stack.pop();
    }
  }

  /** The magnitude as the control word rounds it; invalid if it has more digits than there are. */
  private BigInteger rounded(Real value) {
    unit.roundedUp = false;
    if (value.isZero()) {
      return BigInteger.ZERO;
    }
    if (value.kind != Real.Kind.FINITE || value.magnitude() >= Long.SIZE) {
      unit.invalid();
      return BigInteger.ZERO;
    }
    int before = unit.raised;
    Real integral = unit.toIntegral(value, false);
    unit.raised &= ~FloatUnit.DENORMAL | before;
    BigInteger magnitude = integral.significand.shiftLeft(Math.max(0, integral.exponent));
    if (magnitude.compareTo(LIMIT) >= 0) {
      unit.raised = before | FloatUnit.INVALID;
      unit.roundedUp = false;
    }
    return magnitude;
  }

  /** As many decimal digits of a number as fit, from the given one on, four bits for each. */
  private static long digits(long value, int from) {
    long rest = value;
    for (int i = 0; i < from; i++) {
      rest /= 10;
    }
    long packed = 0;
    for (int i = 0; i < Math.min(DIGITS_IN_LONG, DIGITS - from); i++) {
      packed |= rest % 10 << (4 * i);
      rest /= 10;
    }
    return packed;
  }
}
