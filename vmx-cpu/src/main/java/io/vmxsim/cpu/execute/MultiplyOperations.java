package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RDX;

import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Multiplication and division (volume 2, “MUL”, “IMUL”, “DIV”, “IDIV”, “MULX”). The flags that they
 * leave undefined: a product sets SF, ZF and PF by its lower half, a quotient none.
 */
final class MultiplyOperations {
  private final Operands operands;
  private final StatusFlags flags;
  private final Faults faults;

  MultiplyOperations(Operands operands, Faults faults) {
    this.operands = operands;
    this.faults = faults;
    flags = operands.state.status;
  }

  void execute(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case MUL -> multiplyAccumulator(operands.load(in), size, false);
      case IMUL -> multiplyAccumulator(operands.load(in), size, true);
      case IMUL_R_RM -> set(in, product(operands.register(in.reg, size), operands.load(in), size));
      case IMUL_R_RM_I -> set(in, product(operands.load(in), in.immediate, size));
      case MULX -> multiplyWithoutFlags(in, size);
      case DIV -> divide(Val.zeroExtend(operands.load(in), size), size, false);
      case IDIV -> divide(Val.signExtend(operands.load(in), size), size, true);
      default -> throw new IllegalStateException("no multiplication: " + in.op);
    }
  }

  private void multiplyAccumulator(long operand, int size, boolean signed) {
    long a = extend(operands.register(RAX, size), size, signed);
    long b = extend(operand, size, signed);
    long low = a * b;
    long high = size == 8 ? high(a, b, signed) : low >> (Byte.SIZE * size);
    boolean overflow = signed ? !fits(low, high, size) : Val.zeroExtend(high, size) != 0;
    flags.setShifted(Val.signExtend(low, size), overflow, overflow);
    if (size == 1) {
      operands.setRegister(RAX, 2, low);
    } else {
      operands.setRegister(RAX, size, low);
      operands.setRegister(RDX, size, high);
    }
  }

  private static boolean fits(long low, long high, int size) {
    return Val.signExtend(high, size) == Val.signExtend(low, size) >> 63;
  }

  private static long extend(long value, int size, boolean signed) {
    return signed ? Val.signExtend(value, size) : Val.zeroExtend(value, size);
  }

  private static long high(long a, long b, boolean signed) {
    long high = Math.multiplyHigh(a, b);
    return signed ? high : high + (a >> 63 & b) + (b >> 63 & a);
  }

  private void set(Instruction in, long value) {
    operands.setRegister(in.reg, in.operandSize, value);
  }

  /** IMUL with two or three operands: the lower half of the signed product. */
  long product(long first, long second, int size) {
    long a = Val.signExtend(first, size);
    long b = Val.signExtend(second, size);
    long low = a * b;
    long high = size == 8 ? Math.multiplyHigh(a, b) : low >> (Byte.SIZE * size);
    boolean overflow = !fits(low, high, size);
    flags.setShifted(Val.signExtend(low, size), overflow, overflow);
    return low;
  }

  /** MULX: the high half goes to ModRM.reg and wins where both are the same register. */
  private void multiplyWithoutFlags(Instruction in, int size) {
    long a = Val.zeroExtend(operands.register(RDX, size), size);
    long b = Val.zeroExtend(operands.load(in), size);
    long low = a * b;
    operands.setRegister(in.vvvv, size, low);
    operands.setRegister(in.reg, size, size == 8 ? high(a, b, false) : low >>> 32);
  }

  private void divide(long divisor, int size, boolean signed) {
    if (divisor == 0) {
      throw faults.divideError();
    }
    if (size == 8) {
      divide128(divisor, signed);
      return;
    }
    long dividend =
        size == 1
            ? extend(operands.register(RAX, 2), 2, signed)
            : extend(
                Val.zeroExtend(operands.register(RAX, size), size)
                    | operands.register(RDX, size) << (Byte.SIZE * size),
                Math.min(8, 2 * size),
                signed);
    long quotient;
    long remainder;
    if (signed) {
      quotient = dividend / divisor; // the one overflow of this division fails the check below
      remainder = dividend % divisor;
    } else {
      quotient = Long.divideUnsigned(dividend, divisor);
      remainder = Long.remainderUnsigned(dividend, divisor);
    }
    if (extend(quotient, size, signed) != quotient) {
      throw faults.divideError();
    }
    if (size == 1) {
      operands.setRegister(RAX, 2, (quotient & 0xff) | (remainder & 0xff) << 8);
    } else {
      operands.setRegister(RAX, size, quotient);
      operands.setRegister(RDX, size, remainder);
    }
  }

  private void divide128(long divisor, boolean signed) {
    long high = operands.register(RDX, 8);
    long low = operands.register(RAX, 8);
    boolean negative = signed && high < 0;
    boolean negativeDivisor = signed && divisor < 0;
    if (negative) {
      low = -low;
      high = low == 0 ? -high : ~high;
    }
    long by = negativeDivisor ? -divisor : divisor;
    if (Long.compareUnsigned(high, by) >= 0) {
      throw faults.divideError();
    }
    long quotient = 0;
    long remainder = high;
    for (int i = 63; i >= 0; i--) {
      boolean carry = remainder < 0;
      remainder = remainder << 1 | (low >>> i & 1);
      if (carry || Long.compareUnsigned(remainder, by) >= 0) {
        remainder -= by;
        quotient |= 1L << i;
      }
    }
    boolean minus = negative != negativeDivisor;
    if (signed && quotient < 0 && !(minus && quotient == Long.MIN_VALUE)) {
      throw faults.divideError();
    }
    operands.setRegister(RAX, 8, minus ? -quotient : quotient);
    operands.setRegister(RDX, 8, negative ? -remainder : remainder);
  }
}
