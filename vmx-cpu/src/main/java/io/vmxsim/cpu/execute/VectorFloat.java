package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Floating-point instructions of SSE, SSE2, SSE3, SSE4.1 and AVX ("SIMD Floating-Point Exceptions",
 * volume 1, 11.5), each handed to the operations of its group. Every element is computed exactly
 * and rounded once; an unmasked exception of any element keeps the destination as it was.
 */
final class VectorFloat {
  private final VectorOperands vectors;
  private final FloatElements elements;
  private final FloatOperations arithmetic;
  private final FloatOperations comparisons;
  private final FloatOperations conversions;
  private final FloatOperations fused;
  private final FloatOperations estimates;
  private final VectorFloatShuffles shuffles;

  VectorFloat(VectorOperands vectors, Faults faults) {
    this.vectors = vectors;
    elements = new FloatElements(vectors, faults);
    arithmetic = new VectorArithmetic(elements);
    comparisons = new VectorComparisons(elements);
    conversions = new VectorConversions(elements);
    fused = new FusedMultiplyAdd(elements);
    estimates = new ReciprocalEstimates(elements);
    shuffles = new VectorFloatShuffles(vectors);
  }

  void execute(Instruction in) {
    vectors.requireFor(in, usesMmx(in));
    elements.begin();
    switch (in.op.group()) {
      case SIMD_FLOAT -> arithmetic.execute(in);
      case SIMD_COMPARE -> comparisons.execute(in);
      case SIMD_CONVERT -> conversions.execute(in);
      case SIMD_FUSED -> fused.execute(in);
      case SIMD_ESTIMATE -> estimates.execute(in);
      case SIMD_FLOAT_SHUFFLE -> shuffles.execute(in);
      default -> throw vectors.notModelled(in);
    }
  }

  /** CVTPI2PS and CVTPI2PD of memory have nothing to do with MMX registers. */
  private static boolean usesMmx(Instruction in) {
    boolean fromMemory = in.isMemory && (in.op == Op.CVTPI2PS || in.op == Op.CVTPI2PD);
    return in.row != null && in.row.namesMmx() && !fromMemory;
  }
}
