package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;

/** Products and sums rounded once (volume 1, 14.5 "Fused-Multiply-ADD (FMA) Extensions"). */
final class FusedMultiplyAdd {
  private static final int XMM = FloatElements.XMM;

  private final FloatElements elements;
  private final VectorOperands vectors;
  private final FloatUnit unit;
  private final long[] first;
  private final long[] second;
  private final long[] result;

  FusedMultiplyAdd(FloatElements elements) {
    this.elements = elements;
    vectors = elements.vectors;
    unit = elements.unit;
    first = elements.first;
    second = elements.second;
    result = elements.result;
  }

  /**
   * Executes one of them; false if it is another instruction.
   * VF[N]M(ADD|SUB|ADDSUB|SUBADD)(132|213|231)(PS|PD|SS|SD): the name says what is done.
   */
  boolean execute(Instruction in) {
    String name = in.op.name();
    if (!name.startsWith("VF")) {
      return false;
    }
    FloatFormat format = name.endsWith("S") ? FloatFormat.SINGLE : FloatFormat.DOUBLE;
    boolean packed = name.charAt(name.length() - 2) == 'P';
    vectors.fetch(in.reg, in.operandSize < XMM ? XMM : in.operandSize, result);
    int bytes = format.bytes();
    vectors.fetch(in.vvvv, XMM * 2, first);
    vectors.load(in, packed ? in.operandSize : bytes, false);
    int count = packed ? in.operandSize / bytes : 1;
    for (int i = 0; i < count; i++) {
      put(result, i, bytes, unit.pack(fusedAlone(name, format, i), format));
    }
    elements.settle();
    vectors.set(in.reg, packed ? in.operandSize : XMM, true, result);
    return true;
  }

  /** An invalid operation of an element keeps its denormals from being noted. */
  private Real fusedAlone(String name, FloatFormat format, int i) {
    int before = unit.raised;
    unit.raised = 0;
    Real value = fused(name, format, i);
    boolean invalid = (unit.raised & FloatUnit.INVALID) != 0;
    unit.raised = before | (invalid ? unit.raised & ~FloatUnit.DENORMAL : unit.raised);
    return value;
  }

  private Real fused(String name, FloatFormat format, int i) {
    int bytes = format.bytes();
    Real x1 = elements.real(format, element(result, i, bytes));
    Real x2 = elements.real(format, element(first, i, bytes));
    Real x3 = elements.real(format, element(second, i, bytes));
    boolean order132 = name.contains("132");
    boolean order213 = name.contains("213");
    Real a = order132 ? x1 : x2;
    Real b = order213 ? x1 : x3;
    Real c = order132 ? x2 : order213 ? x3 : x1;
    boolean subtracts =
        name.contains("ADDSUB")
            ? (i & 1) == 0
            : name.contains("SUBADD") ? (i & 1) != 0 : name.contains("SUB");
    if (a.isNan() || b.isNan() || c.isNan()) {
      return fusedNan(a, b, c);
    }
    Real product = unit.multiply(a, b);
    if (product.isNan()) {
      return product;
    }
    Real signed = name.startsWith("VFN") ? product.negated() : product;
    return unit.add(signed, subtracts ? c.negated() : c);
  }

  /** The first NaN of the multiplicands, then of the addend. */
  private Real fusedNan(Real a, Real b, Real c) {
    Real product = a.isNan() || b.isNan() ? unit.nan(a, b) : c;
    return c.isNan() ? unit.nan(product, c) : product;
  }
}
