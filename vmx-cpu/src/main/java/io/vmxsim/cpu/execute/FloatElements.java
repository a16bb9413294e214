package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;

/**
 * What floating-point instructions on vectors share: the operands, arithmetic as MXCSR says, and
 * the exceptions of all elements together ("SIMD Floating-Point Exceptions", volume 1, 11.5).
 */
final class FloatElements {
  static final int XMM = 16;

  private static final int DAZ = 1 << 6;
  private static final int FTZ = 1 << 15;
  private static final int UNDERFLOW_MASK = 1 << 11;
  private static final int EXCEPTIONS = 0x3f;

  final VectorOperands vectors;
  final FloatUnit unit = new FloatUnit();
  final long[] first;
  final long[] second;
  final long[] result;
  private final ExtendedState extended;
  private final Faults faults;

  FloatElements(VectorOperands vectors, Faults faults) {
    this.vectors = vectors;
    this.faults = faults;
    extended = vectors.extended;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  void begin() {
    unit.rounding = extended.mxcsr >>> 13 & 3;
    unit.precision = FloatFormat.EXTENDED.precision;
    unit.flushesToZero = (extended.mxcsr & (FTZ | UNDERFLOW_MASK)) == (FTZ | UNDERFLOW_MASK);
    unit.unmasked = ~(extended.mxcsr >>> 7) & EXCEPTIONS;
    unit.raised = 0;
  }

  Real real(FloatFormat format, long bits) {
    Real value = Real.of(format, bits);
    return value.denormal && (extended.mxcsr & DAZ) != 0 ? Real.zero(value.negative) : value;
  }

  /** Notes what was raised; an unmasked exception is #XM, or #UD with CR4.OSXMMEXCPT = 0. */
  void settle() {
    boolean computes = (unit.raised & unit.unmasked & FloatUnit.BEFORE_COMPUTING) == 0;
    extended.mxcsr |= computes ? unit.raised : unit.raised & FloatUnit.BEFORE_COMPUTING;
    if ((unit.raised & unit.unmasked) != 0) {
      throw faults.simdException();
    }
  }

  /** The operands of a scalar operation, the other one of {@code bytes}. */
  void loadScalar(Instruction in, int bytes) {
    vectors.fetch(in.vvvv, XMM, first);
    vectors.load(in, bytes, false);
  }

  /** A result of one element: the others are the first operand's. */
  void storeScalar(Instruction in, int bytes, long element) {
    System.arraycopy(first, 0, result, 0, 2);
    put(result, 0, bytes, element);
    settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }
}
