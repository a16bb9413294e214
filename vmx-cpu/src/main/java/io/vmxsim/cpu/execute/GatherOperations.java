package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;
import static io.vmxsim.cpu.execute.PackedArithmetic.signedElement;

import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import java.util.Arrays;

/**
 * Elements gathered from addresses that a vector gives (volume 2, "VPGATHERDD" and its kin). The
 * mask says which are still to come: an element that faults leaves those before it in the
 * destination and itself and those behind it in the mask.
 */
final class GatherOperations {
  private static final int XMM = 16;

  private final VectorOperands vectors;
  private final Operands operands;
  private final Faults faults;
  private final long[] destination;
  private final long[] mask;
  private final long[] indices = new long[ExtendedState.VECTOR];

  GatherOperations(VectorOperands vectors) {
    this.vectors = vectors;
    operands = vectors.operands;
    faults = vectors.faults;
    destination = vectors.result;
    mask = vectors.first;
  }

  void execute(Instruction in) {
    if (in.reg == in.vvvv || in.reg == in.index || in.vvvv == in.index || in.addressSize == 2) {
      throw faults.invalidOpcode();
    }
    switch (in.op) {
      case VPGATHERDD, VGATHERDPS -> gather(in, 4, 4);
      case VPGATHERDQ, VGATHERDPD -> gather(in, 4, 8);
      case VPGATHERQD, VGATHERQPS -> gather(in, 8, 4);
      case VPGATHERQQ, VGATHERQPD -> gather(in, 8, 8);
      default -> throw vectors.notModelled(in);
    }
  }

  private void gather(Instruction in, int indexBytes, int bytes) {
    int count = in.operandSize / Math.max(indexBytes, bytes);
    vectors.fetch(in.reg, in.operandSize, destination);
    vectors.fetch(in.vvvv, in.operandSize, mask);
    vectors.fetch(in.index, in.operandSize, indices);
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(mask, i, bytes, signedElement(mask, i, bytes) < 0 ? -1 : 0);
    }
    for (int i = 0; i < count; i++) {
      if (element(mask, i, bytes) != 0) {
        vectors.set(in.vvvv, in.operandSize, true, mask); // what there is if this one faults
        put(destination, i, bytes, load(in, signedElement(indices, i, indexBytes), bytes));
        put(mask, i, bytes, 0);
        vectors.set(in.reg, in.operandSize, true, destination);
      }
    }
    Arrays.fill(destination, count * bytes / 8, destination.length, 0);
    Arrays.fill(mask, 0);
    vectors.set(in.reg, 2 * XMM, true, destination);
    vectors.set(in.vvvv, 2 * XMM, true, mask);
  }

  private long load(Instruction in, long index, int bytes) {
    long sum = operands.state.registers[in.base] + (index << in.scale) + in.displacement;
    long offset = in.addressSize == 8 ? sum : Val.zeroExtend(sum, in.addressSize);
    long linear = operands.segments.forLoad(in.segment, offset, bytes);
    return operands.mem.loadPart(linear, bytes);
  }
}
