package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.vmcs.NotModelledException;

/**
 * The x87 register stack and the responses to exceptions ("x87 FPU Data Registers", volume 1,
 * 8.1.2, and "x87 FPU Exception Conditions", 8.5).
 */
final class X87Stack {
  static final int C0 = 1 << 8;
  static final int C1 = 1 << 9;
  static final int C2 = 1 << 10;
  static final int C3 = 1 << 14;

  private static final int STACK_FAULT = 1 << 6;
  private static final int SUMMARY_AND_BUSY = 0x8080;
  private static final int EXCEPTIONS = 0x3f;
  private static final int BEFORE_COMPUTING =
      FloatUnit.INVALID | FloatUnit.DENORMAL | FloatUnit.ZERO_DIVIDE;

  private final CpuState state;
  private final ExtendedState extended;
  final FloatUnit unit = new FloatUnit();

  X87Stack(CpuState state) {
    this.state = state;
    extended = state.extended;
    unit.prefersLarger = true;
  }

  /** An instruction begins: rounding as the control word says, nothing raised. */
  void begin() {
    unit.rounding = extended.control >>> 10 & 3;
    unit.precision =
        switch (extended.control >>> 8 & 3) {
          case 0 -> FloatFormat.SINGLE.precision;
          case 2 -> FloatFormat.DOUBLE.precision;
          default -> FloatFormat.EXTENDED.precision;
        };
    unit.raised = 0;
    unit.roundedUp = false;
  }

  private int physical(int i) {
    return (extended.top() + i) & 7;
  }

  boolean isEmpty(int i) {
    return (extended.used >>> physical(i) & 1) == 0;
  }

  /** ST(i); an empty register is a stack underflow and reads as the indefinite. */
  Real get(int i) {
    if (isEmpty(i)) {
      stackFault(false);
      return Real.INDEFINITE;
    }
    int register = physical(i);
    return Real.ofExtended(extended.exponents[register], extended.significands[register]);
  }

  /** #IS: C1 tells overflow from underflow. */
  void stackFault(boolean overflow) {
    unit.raised |= FloatUnit.INVALID;
    extended.status |= STACK_FAULT;
    setC1(overflow);
  }

  boolean hasStackFault(int flags) {
    return (extended.status & flags & STACK_FAULT) != 0;
  }

  void setC1(boolean set) {
    extended.status = set ? extended.status | C1 : extended.status & ~C1;
  }

  /** Sets C0, C2 and C3, and clears C1. */
  void setConditions(int codes) {
    extended.status = (extended.status & ~(C0 | C1 | C2 | C3)) | codes;
  }

  /** A result into ST(i), rounded; not if an unmasked exception forbids it. */
  void set(int i, Real value) {
    long significand = unit.pack(value, FloatFormat.EXTENDED);
    if (settle()) {
      put(i, unit.packedSignAndExponent, significand);
    }
  }

  /** The bits of a register, whatever they are. */
  void put(int i, int signAndExponent, long significand) {
    int register = physical(i);
    extended.significands[register] = significand;
    extended.exponents[register] = signAndExponent;
    extended.used |= 1 << register;
  }

  int signAndExponent(int i) {
    return extended.exponents[physical(i)];
  }

  long significand(int i) {
    return extended.significands[physical(i)];
  }

  void free(int i) {
    extended.used &= ~(1 << physical(i));
  }

  void pop() {
    free(0);
    extended.setTop(extended.top() + 1);
  }

  /** Makes room on top; a register that is not empty there is a stack overflow. */
  boolean push() {
    if (!isEmpty(-1)) {
      stackFault(true);
      if (!settle()) {
        return false;
      }
      extended.setTop(extended.top() - 1);
      put(0, 0xffff, Real.INDEFINITE.payload);
      return false;
    }
    extended.setTop(extended.top() - 1);
    return true;
  }

  /**
   * Notes what was raised.
   *
   * @return false if an unmasked exception keeps the result from being stored
   */
  boolean settle() {
    int unmasked = unit.raised & ~extended.control & EXCEPTIONS;
    extended.status |= unit.raised & EXCEPTIONS;
    if ((unit.raised & FloatUnit.INVALID) == 0 || !hasStackFault(STACK_FAULT)) {
      setC1(unit.roundedUp);
    }
    if ((unmasked & (FloatUnit.OVERFLOW | FloatUnit.UNDERFLOW)) != 0) {
      throw new NotModelledException("unmasked x87 overflow and underflow", state.rip);
    }
    if (unmasked != 0) {
      extended.status |= SUMMARY_AND_BUSY;
    }
    return (unmasked & BEFORE_COMPUTING) == 0;
  }
}
