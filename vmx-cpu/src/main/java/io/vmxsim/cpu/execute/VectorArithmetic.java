package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;
import java.util.function.BinaryOperator;

/**
 * Sums, products, quotients, roots, extremes and rounding of floating-point elements and of
 * neighbours among them (volume 1, 5.5.1.2 and 5.6.1.2, and later extensions).
 */
final class VectorArithmetic extends FloatOperations {
  VectorArithmetic(FloatElements elements) {
    super(elements);
  }

  @Override
  void execute(Instruction in) {
    switch (in.op) {
      case ADDPS -> packed(in, FloatFormat.SINGLE, unit::add);
      case ADDPD -> packed(in, FloatFormat.DOUBLE, unit::add);
      case ADDSS -> scalar(in, FloatFormat.SINGLE, unit::add);
      case ADDSD -> scalar(in, FloatFormat.DOUBLE, unit::add);
      case SUBPS -> packed(in, FloatFormat.SINGLE, unit::subtract);
      case SUBPD -> packed(in, FloatFormat.DOUBLE, unit::subtract);
      case SUBSS -> scalar(in, FloatFormat.SINGLE, unit::subtract);
      case SUBSD -> scalar(in, FloatFormat.DOUBLE, unit::subtract);
      case MULPS -> packed(in, FloatFormat.SINGLE, unit::multiply);
      case MULPD -> packed(in, FloatFormat.DOUBLE, unit::multiply);
      case MULSS -> scalar(in, FloatFormat.SINGLE, unit::multiply);
      case MULSD -> scalar(in, FloatFormat.DOUBLE, unit::multiply);
      case DIVPS -> packed(in, FloatFormat.SINGLE, unit::divide);
      case DIVPD -> packed(in, FloatFormat.DOUBLE, unit::divide);
      case DIVSS -> scalar(in, FloatFormat.SINGLE, unit::divide);
      case DIVSD -> scalar(in, FloatFormat.DOUBLE, unit::divide);
      default -> unary(in);
    }
  }

  private void unary(Instruction in) {
    switch (in.op) {
      case SQRTPS -> packed(in, FloatFormat.SINGLE, (a, b) -> unit.squareRoot(b));
      case SQRTPD -> packed(in, FloatFormat.DOUBLE, (a, b) -> unit.squareRoot(b));
      case SQRTSS -> scalar(in, FloatFormat.SINGLE, (a, b) -> unit.squareRoot(b));
      case SQRTSD -> scalar(in, FloatFormat.DOUBLE, (a, b) -> unit.squareRoot(b));
      case ROUNDPS -> packed(in, FloatFormat.SINGLE, rounding(in));
      case ROUNDPD -> packed(in, FloatFormat.DOUBLE, rounding(in));
      case ROUNDSS -> scalar(in, FloatFormat.SINGLE, rounding(in));
      case ROUNDSD -> scalar(in, FloatFormat.DOUBLE, rounding(in));
      case MINPS -> packed(in, FloatFormat.SINGLE, (a, b) -> extreme(a, b, -1));
      case MINPD -> packed(in, FloatFormat.DOUBLE, (a, b) -> extreme(a, b, -1));
      case MINSS -> scalar(in, FloatFormat.SINGLE, (a, b) -> extreme(a, b, -1));
      case MINSD -> scalar(in, FloatFormat.DOUBLE, (a, b) -> extreme(a, b, -1));
      case MAXPS -> packed(in, FloatFormat.SINGLE, (a, b) -> extreme(a, b, 1));
      case MAXPD -> packed(in, FloatFormat.DOUBLE, (a, b) -> extreme(a, b, 1));
      case MAXSS -> scalar(in, FloatFormat.SINGLE, (a, b) -> extreme(a, b, 1));
      case MAXSD -> scalar(in, FloatFormat.DOUBLE, (a, b) -> extreme(a, b, 1));
      default -> neighbours(in);
    }
  }

  // ---- Element by element --------------------------------------------------------------------

  private void packed(Instruction in, FloatFormat format, BinaryOperator<Real> f) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(
          result,
          i,
          bytes,
          compute(format, element(first, i, bytes), element(second, i, bytes), f));
    }
    elements.settle();
    vectors.store(in);
  }

  /** The lowest element; the others are the first operand's. */
  private void scalar(Instruction in, FloatFormat format, BinaryOperator<Real> f) {
    int bytes = format.bytes();
    elements.loadScalar(in, bytes);
    long value = compute(format, element(first, 0, bytes), element(second, 0, bytes), f);
    elements.storeScalar(in, bytes, value);
  }

  /** Whether the result is one of the operands as it is: the second if {@code copiesSecond}. */
  private boolean copies;

  private boolean copiesSecond;

  private long compute(FloatFormat format, long a, long b, BinaryOperator<Real> f) {
    copies = false;
    Real value = f.apply(elements.real(format, a), elements.real(format, b));
    if (copies) {
      Real chosen = elements.real(format, copiesSecond ? b : a);
      long bits = copiesSecond ? b : a;
      return chosen.isZero() ? unit.pack(chosen, format) : bits;
    }
    return unit.pack(value, format);
  }

  /** MIN and MAX give the second operand if either is a NaN or both are zeros. */
  private Real extreme(Real a, Real b, int wanted) {
    copies = true;
    copiesSecond = unit.compare(a, b, true) != wanted;
    return b;
  }

  private BinaryOperator<Real> rounding(Instruction in) {
    if ((in.immediate & 4) == 0) {
      unit.rounding = (int) in.immediate & 3;
    }
    boolean quietly = (in.immediate & 8) != 0;
    return (a, b) -> {
      Real rounded = unit.toIntegral(b, quietly);
      unit.raised &= ~FloatUnit.DENORMAL; // which ROUND does not note
      return rounded;
    };
  }

  // ---- Neighbours ----------------------------------------------------------------------------

  private void neighbours(Instruction in) {
    switch (in.op) {
      case HADDPS -> horizontal(in, FloatFormat.SINGLE, unit::add);
      case HADDPD -> horizontal(in, FloatFormat.DOUBLE, unit::add);
      case HSUBPS -> horizontal(in, FloatFormat.SINGLE, unit::subtract);
      case HSUBPD -> horizontal(in, FloatFormat.DOUBLE, unit::subtract);
      case ADDSUBPS -> alternate(in, FloatFormat.SINGLE);
      case ADDSUBPD -> alternate(in, FloatFormat.DOUBLE);
      case DPPS -> dotProduct(in, FloatFormat.SINGLE);
      case DPPD -> dotProduct(in, FloatFormat.DOUBLE);
      default -> throw vectors.notModelled(in);
    }
  }

  private void horizontal(Instruction in, FloatFormat format, BinaryOperator<Real> f) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    int lane = XMM / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      long[] from = within < lane / 2 ? first : second;
      int pair = i - within + within % (lane / 2) * 2;
      long a = element(from, pair, bytes);
      put(result, i, bytes, compute(format, a, element(from, pair + 1, bytes), f));
    }
    elements.settle();
    vectors.store(in);
  }

  private void alternate(Instruction in, FloatFormat format) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    for (int i = 0; i < in.operandSize / bytes; i++) {
      BinaryOperator<Real> f = (i & 1) == 0 ? unit::subtract : unit::add;
      put(
          result,
          i,
          bytes,
          compute(format, element(first, i, bytes), element(second, i, bytes), f));
    }
    elements.settle();
    vectors.store(in);
  }

  /**
   * The products that the immediate's upper half picks, added two by two, to the places that its
   * lower half picks. What is raised in one step unmasked keeps the next from being taken.
   */
  private void dotProduct(Instruction in, FloatFormat format) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    int lane = XMM / bytes;
    int count = in.operandSize / bytes;
    for (int i = 0; i < count; i++) {
      boolean picked = (in.immediate >>> (4 + i % lane) & 1) != 0;
      long product =
          picked
              ? compute(format, element(first, i, bytes), element(second, i, bytes), unit::multiply)
              : 0;
      put(first, i, bytes, product);
    }
    elements.settle();
    for (int terms = lane; terms > 1; terms /= 2) {
      addNeighbours(format, count, terms);
    }
    for (int i = 0; i < count; i++) {
      boolean picked = (in.immediate >>> (i % lane) & 1) != 0;
      put(result, i, bytes, picked ? element(first, i - i % lane, bytes) : 0);
    }
    vectors.store(in);
  }

  /** Of each 16 bytes of {@link #first} the leading {@code terms} become half as many. */
  private void addNeighbours(FloatFormat format, int count, int terms) {
    int bytes = format.bytes();
    for (int lane = 0; lane < count; lane += XMM / bytes) {
      for (int i = 0; i < terms / 2; i++) {
        long a = element(first, lane + 2 * i, bytes);
        long b = element(first, lane + 2 * i + 1, bytes);
        put(first, lane + i, bytes, compute(format, a, b, unit::add));
      }
    }
    elements.settle();
  }
}
