package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;

/** Products and sums rounded once (volume 1, 14.5 "Fused-Multiply-ADD (FMA) Extensions"). */
final class FusedMultiplyAdd extends FloatOperations {
  FusedMultiplyAdd(FloatElements elements) {
    super(elements);
  }

  @Override
  void execute(Instruction in) {
    FusedForm form = FusedForm.of(in.op);
    int size = form.packed() ? in.operandSize : XMM;
    vectors.fetch(in.reg, size, result);
    vectors.fetch(in.vvvv, size, first);
    int bytes = form.format().bytes();
    vectors.load(in, form.packed() ? size : bytes, false);
    int count = form.packed() ? size / bytes : 1;
    for (int i = 0; i < count; i++) {
      put(result, i, bytes, unit.pack(fusedAlone(form, i), form.format()));
    }
    elements.settle();
    vectors.set(in.reg, size, true, result);
  }

  /** An invalid operation of an element keeps its denormals from being noted. */
  private Real fusedAlone(FusedForm form, int i) {
    int before = unit.raised;
    unit.raised = 0;
    Real value = fused(form, i);
    boolean invalid = (unit.raised & FloatUnit.INVALID) != 0;
    unit.raised = before | (invalid ? unit.raised & ~FloatUnit.DENORMAL : unit.raised);
    return value;
  }

  private Real fused(FusedForm form, int i) {
    Real x1 = operand(form.format(), result, i);
    Real x2 = operand(form.format(), first, i);
    Real x3 = operand(form.format(), second, i);
    return switch (form.order()) {
      case ORDER_132 -> fused(form, i, x1, x3, x2);
      case ORDER_213 -> fused(form, i, x2, x1, x3);
      case ORDER_231 -> fused(form, i, x2, x3, x1);
    };
  }

  private Real operand(FloatFormat format, long[] from, int i) {
    return elements.real(format, element(from, i, format.bytes()));
  }

  private Real fused(FusedForm form, int i, Real a, Real b, Real c) {
    if (a.isNan() || b.isNan() || c.isNan()) {
      return fusedNan(a, b, c);
    }
    Real product = unit.multiply(a, b);
    if (product.isNan()) {
      return product;
    }
    FusedForm.Signs signs = form.signs();
    Real signed = signs.negatesProduct ? product.negated() : product;
    return unit.add(signed, signs.subtracts(i) ? c.negated() : c);
  }

  /** The first NaN of the multiplicands, then of the addend. */
  private Real fusedNan(Real a, Real b, Real c) {
    Real product = a.isNan() || b.isNan() ? unit.nan(a, b) : c;
    return c.isNan() ? unit.nan(product, c) : product;
  }
}
