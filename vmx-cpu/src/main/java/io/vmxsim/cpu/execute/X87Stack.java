package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;

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
  private static final int BEFORE_STORING =
      FloatUnit.BEFORE_COMPUTING | FloatUnit.OVERFLOW | FloatUnit.UNDERFLOW;

  private final ExtendedState extended;
  final FloatUnit unit = new FloatUnit();

  /** Whether the instruction has met a stack fault. */
  private boolean faulted;

  X87Stack(CpuState state) {
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
    unit.unmasked = ~extended.control & EXCEPTIONS;
    faulted = false;
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
    faulted = true;
    setC1(overflow);
  }

  void setC1(boolean set) {
    extended.status = set ? extended.status | C1 : extended.status & ~C1;
  }

  /** Sets C0, C2 and C3, and clears C1. */
  void setConditions(int codes) {
    extended.status = (extended.status & ~(C0 | C1 | C2 | C3)) | codes;
  }

  /** Sets or clears C2: an operand was out of range, or a reduction is incomplete. */
  void setC2(boolean set) {
    extended.status = set ? extended.status | C2 : extended.status & ~C2;
  }

  /**
   * A result into ST(i), rounded; after a stack fault the indefinite.
   *
   * @return false if an unmasked exception forbids it
   */
  boolean set(int i, Real value) {
    long significand = unit.pack(faulted ? Real.INDEFINITE : value, FloatFormat.EXTENDED);
    boolean stores = settle();
    if (stores) {
      put(i, unit.packedSignAndExponent, significand);
    }
    return stores;
  }

  /** The bits of ST({@code from}) into ST(i); after a stack fault the indefinite. */
  void copy(int from, int i) {
    if (faulted) {
      putIndefinite(i);
    } else {
      put(i, signAndExponent(from), significand(from));
    }
  }

  void putIndefinite(int i) {
    put(i, 0xffff, Real.INDEFINITE.payload);
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
    if (overflows()) {
      return false;
    }
    extended.setTop(extended.top() - 1);
    return true;
  }

  /** Whether a push overflows, which has had its consequences then. */
  boolean overflows() {
    if (isEmpty(-1)) {
      return false;
    }
    if (!faulted) {
      stackFault(true);
    }
    pushIndefinite();
    return true;
  }

  /** What a masked stack fault pushes. */
  void pushIndefinite() {
    if (settle()) {
      extended.setTop(extended.top() - 1);
      putIndefinite(0);
    }
  }

  /**
   * Notes what was raised.
   *
   * @return false if an unmasked exception keeps the result from being stored
   */
  boolean settle() {
    return settle(FloatUnit.BEFORE_COMPUTING);
  }

  /** The same for a store to memory, which unmasked overflow and underflow prevent too. */
  boolean settleStore() {
    return settle(BEFORE_STORING);
  }

  /**
   * A store that will be made may fault, and then leaves the status word as it was.
   *
   * @param status the status word before the instruction
   */
  void probeStore(Operands operands, Instruction in, int size, int status) {
    if (!mayStore()) {
      return;
    }
    int now = extended.status;
    extended.status = status;
    operands.probeStore(in, size);
    extended.status = now;
  }

  private boolean mayStore() {
    return (unit.raised & unit.unmasked & BEFORE_STORING) == 0;
  }

  /**
   * Stores the 80 bits of an operand, unless an unmasked exception keeps it from being stored. The
   * first 64 stay if the others fault, which processors may do ("Guaranteed Atomic Operations",
   * volume 3, 8.1.1) and do.
   *
   * @param status the status word before the instruction, which a fault leaves
   */
  void store(Operands operands, Instruction in, int status, long low, long high) {
    if (!mayStore()) {
      return;
    }
    int now = extended.status;
    extended.status = status;
    operands.storeAt(in, 0, 8, low);
    operands.storeAt(in, 8, 2, high);
    extended.status = now;
  }

  /** After an exception that forbids the result nothing is known of its rounding. */
  private boolean settle(int forbidding) {
    boolean forbidden = (unit.raised & unit.unmasked & forbidding) != 0;
    if (forbidden) {
      unit.raised &= forbidding;
    }
    if (!faulted) {
      setC1(unit.roundedUp && !forbidden);
    }
    settleKeepingC1();
    return !forbidden;
  }

  /** Notes what was raised; the exceptions among that which are not masked. */
  int settleKeepingC1() {
    int unmasked = unit.raised & unit.unmasked;
    extended.status |= unit.raised & EXCEPTIONS;
    if (unmasked != 0) {
      extended.status |= SUMMARY_AND_BUSY;
    }
    return unmasked;
  }

  /** Whether the last push has happened, be it with an indefinite: not after an unmasked fault. */
  boolean isPushed() {
    return (unit.raised & unit.unmasked & FloatUnit.INVALID) == 0;
  }

  /** Whether the instruction has met a stack fault. */
  boolean hasFaulted() {
    return faulted;
  }
}
