package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;

/** Instructions that compute with floating-point elements: what each group of them starts with. */
abstract class FloatOperations {
  static final int XMM = FloatElements.XMM;

  final FloatElements elements;
  final VectorOperands vectors;
  final FloatUnit unit;
  final long[] first;
  final long[] second;
  final long[] result;

  FloatOperations(FloatElements elements) {
    this.elements = elements;
    vectors = elements.vectors;
    unit = elements.unit;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  /** Executes an instruction of the group, which is available, from {@link FloatElements#begin}. */
  abstract void execute(Instruction in);
}
