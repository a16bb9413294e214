package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Shifts and rotates ("Shift and Rotate Instructions", volume 1, 5.1.5). A count of 0 changes no
 * flag; OF, defined for a count of 1 only, follows the same formula for all counts. AF, undefined,
 * is cleared by shifts.
 */
final class ShiftOperations {
  private final Operands operands;
  private final StatusFlags flags;

  ShiftOperations(Operands operands) {
    this.operands = operands;
    flags = operands.state.status;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case ROL_RM_I, ROR_RM_I, RCL_RM_I, RCR_RM_I, SHL_RM_I, SHR_RM_I, SAR_RM_I ->
          shift(in, (int) in.immediate);
      case ROL_RM_CL, ROR_RM_CL, RCL_RM_CL, RCR_RM_CL, SHL_RM_CL, SHR_RM_CL, SAR_RM_CL ->
          shift(in, cl());
      case SHLD_I, SHRD_I -> shiftDouble(in, (int) in.immediate);
      case SHLD_CL, SHRD_CL -> shiftDouble(in, cl());
      default -> shiftWithoutFlags(in);
    }
  }

  private int cl() {
    return (int) operands.register(1, 1) & 0xff;
  }

  private void shift(Instruction in, int operand) {
    int size = in.operandSize;
    int count = operand & (size == 8 ? 63 : 31);
    long before = operands.loadForUpdate(in);
    if (count == 0) {
      operands.update(in, before);
      return;
    }
    long after =
        switch (in.op) {
          case ROL_RM_I, ROL_RM_CL -> rotateLeft(before, count, size);
          case ROR_RM_I, ROR_RM_CL -> rotateRight(before, count, size);
          case RCL_RM_I, RCL_RM_CL -> rotateThroughCarry(before, count, size, true);
          case RCR_RM_I, RCR_RM_CL -> rotateThroughCarry(before, count, size, false);
          case SHL_RM_I, SHL_RM_CL -> shiftLeft(before, count, size);
          case SHR_RM_I, SHR_RM_CL -> shiftRight(before, count, size);
          default -> shiftArithmetically(before, count, size);
        };
    operands.update(in, after);
  }

  private long rotateLeft(long value, int count, int size) {
    long result = Val.rotateLeft(value, count, size);
    boolean cf = Val.bit(result, 0);
    flags.setCf(cf);
    flags.setOf(cf != Val.sign(result, size));
    return result;
  }

  private long rotateRight(long value, int count, int size) {
    int bits = Byte.SIZE * size;
    long result = Val.rotateLeft(value, bits - count % bits, size);
    boolean cf = Val.sign(result, size);
    flags.setCf(cf);
    flags.setOf(cf != Val.bit(result, bits - 2));
    return result;
  }

  /** RCL and RCR rotate through CF one bit at a time: at most 63 steps. */
  private long rotateThroughCarry(long value, int count, int size, boolean left) {
    int bits = Byte.SIZE * size;
    int steps = size < 4 ? count % (bits + 1) : count;
    boolean cf = flags.cf();
    long result = Val.zeroExtend(value, size);
    for (int i = 0; i < steps; i++) {
      boolean out = left ? Val.sign(result, size) : Val.bit(result, 0);
      long in = cf ? 1 : 0;
      result = left ? Val.zeroExtend(result << 1 | in, size) : result >>> 1 | in << (bits - 1);
      cf = out;
    }
    flags.setCf(cf);
    boolean top = Val.sign(result, size);
    flags.setOf(left ? top != cf : top != Val.bit(result, bits - 2));
    return result;
  }

  long shiftLeft(long value, int count, int size) {
    int bits = Byte.SIZE * size;
    long result = Val.zeroExtend(value << count, size);
    boolean cf = count <= bits && Val.bit(value, bits - count);
    flags.setShifted(Val.signExtend(result, size), cf, cf != Val.sign(result, size));
    return result;
  }

  long shiftRight(long value, int count, int size) {
    long low = Val.zeroExtend(value, size);
    long result = low >>> count;
    boolean top = Val.sign(result << 1, size);
    flags.setShifted(
        Val.signExtend(result, size), Val.bit(low, count - 1), top != Val.sign(result, size));
    return result;
  }

  long shiftArithmetically(long value, int count, int size) {
    long extended = Val.signExtend(value, size);
    long result = extended >> count;
    flags.setShifted(result, Val.bit(extended, count - 1), false);
    return result;
  }

  private void shiftDouble(Instruction in, int operand) {
    int size = in.operandSize;
    int bits = Byte.SIZE * size;
    int count = operand & (size == 8 ? 63 : 31);
    long before = operands.loadForUpdate(in);
    if (count == 0) {
      operands.update(in, before);
      return;
    }
    boolean left = in.op == Op.SHLD_I || in.op == Op.SHLD_CL;
    int by = Math.min(count, bits); // more is undefined
    long a = Val.zeroExtend(before, size);
    long b = Val.zeroExtend(operands.register(in.reg, size), size);
    long result = left ? a << by | b >>> (bits - by) : a >>> by | b << (bits - by);
    boolean cf = Val.bit(a, left ? bits - by : by - 1);
    long extended = Val.signExtend(result, size);
    flags.setShifted(extended, cf, Val.sign(result, size) != Val.sign(before, size));
    operands.update(in, result);
  }

  /** RORX, SHLX, SHRX and SARX. */
  private void shiftWithoutFlags(Instruction in) {
    int size = in.operandSize;
    long value = Val.zeroExtend(operands.load(in), size);
    int mask = size == 8 ? 63 : 31;
    int count = (int) operands.register(in.vvvv, size) & mask;
    long result =
        switch (in.op) {
          case RORX -> Val.rotateLeft(value, Byte.SIZE * size - ((int) in.immediate & mask), size);
          case SHLX -> value << count;
          case SHRX -> value >>> count;
          case SARX -> Val.signExtend(value, size) >> count;
          default -> throw new IllegalStateException("no shift: " + in.op);
        };
    operands.setRegister(in.reg, size, result);
  }
}
