package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/** RCPPS, RSQRTPS and their scalar forms (volume 2). */
final class ReciprocalEstimates extends FloatOperations {
  private static final long QUIET_SINGLE = 1 << 22;
  private static final long INDEFINITE_SINGLE = 0xffc00000L;

  ReciprocalEstimates(FloatElements elements) {
    super(elements);
  }

  @Override
  void execute(Instruction in) {
    switch (in.op) {
      case RCPPS, RSQRTPS -> {
        vectors.load(in, in.operandSize, false);
        for (int i = 0; i < in.operandSize / 4; i++) {
          put(result, i, 4, reciprocal(in.op, element(second, i, 4)));
        }
        vectors.set(in.reg, in.operandSize, in.vex, result);
      }
      case RCPSS, RSQRTSS -> {
        elements.loadScalar(in, 4);
        elements.storeScalar(in, 4, reciprocal(in.op, element(second, 0, 4)));
      }
      default -> throw vectors.notModelled(in);
    }
  }

  /** Of a denormal as of 0; results that would be denormal are 0. The SDM allows 1.5 * 2^-12. */
  private static long reciprocal(Op op, long bits) {
    int sign = (int) bits & Integer.MIN_VALUE;
    float value = Float.intBitsToFloat((int) bits);
    if (Float.isNaN(value)) {
      return bits | QUIET_SINGLE;
    }
    double exact = Math.abs(value) < Float.MIN_NORMAL ? 0 : value;
    boolean root = op == Op.RSQRTPS || op == Op.RSQRTSS;
    if (root && exact < 0) {
      return INDEFINITE_SINGLE;
    }
    float found = (float) Math.abs(root ? 1 / Math.sqrt(exact) : 1 / exact);
    int near = found < Float.MIN_NORMAL ? 0 : Float.floatToRawIntBits(found);
    return (near | sign) & 0xffffffffL;
  }
}
