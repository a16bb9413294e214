package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.decode.Instruction;

/**
 * Comparisons of floating-point elements, into masks or flags (volume 2, "CMPPS", "COMISS" and
 * their kin).
 */
final class VectorComparisons extends FloatOperations {
  VectorComparisons(FloatElements elements) {
    super(elements);
  }

  @Override
  void execute(Instruction in) {
    switch (in.op) {
      case CMPPS -> comparePacked(in, FloatFormat.SINGLE);
      case CMPPD -> comparePacked(in, FloatFormat.DOUBLE);
      case CMPSS -> compareScalar(in, FloatFormat.SINGLE);
      case CMPSD -> compareScalar(in, FloatFormat.DOUBLE);
      case COMISS -> compareToFlags(in, FloatFormat.SINGLE, true);
      case COMISD -> compareToFlags(in, FloatFormat.DOUBLE, true);
      case UCOMISS -> compareToFlags(in, FloatFormat.SINGLE, false);
      case UCOMISD -> compareToFlags(in, FloatFormat.DOUBLE, false);
      default -> throw vectors.notModelled(in);
    }
  }

  private void comparePacked(Instruction in, FloatFormat format) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(result, i, bytes, holds(in, format, i) ? -1 : 0);
    }
    elements.settle();
    vectors.store(in);
  }

  private void compareScalar(Instruction in, FloatFormat format) {
    elements.loadScalar(in, format.bytes());
    elements.storeScalar(in, format.bytes(), holds(in, format, 0) ? -1 : 0);
  }

  /** The predicate (volume 2, “CMPPD”, Tables 3-1 and 3-9): legacy forms have the first eight. */
  private boolean holds(Instruction in, FloatFormat format, int i) {
    int predicate = (int) in.immediate & (in.vex ? 31 : 7);
    int bytes = format.bytes();
    Real a = elements.real(format, element(first, i, bytes));
    Real b = elements.real(format, element(second, i, bytes));
    boolean signals = ((predicate & 3) == 1 || (predicate & 3) == 2) != predicate >= 16;
    int order = unit.compare(a, b, signals);
    boolean unordered = order == FloatUnit.UNORDERED;
    boolean holds =
        switch (predicate & 3) {
          case 0 -> order == 0;
          case 1 -> order == -1;
          case 2 -> order == -1 || order == 0;
          default -> unordered;
        };
    boolean negated = (predicate & 4) != 0;
    if ((predicate & 8) == 0) {
      return holds != negated;
    }
    // 8 to 15: EQ_UQ, NGE, NGT, FALSE and their opposites.
    boolean other =
        switch (predicate & 3) {
          case 0 -> order == 0 || unordered;
          case 1 -> order == -1 || unordered;
          case 2 -> order == -1 || order == 0 || unordered;
          default -> false;
        };
    return other != negated;
  }

  private void compareToFlags(Instruction in, FloatFormat format, boolean quietIsInvalid) {
    vectors.fetch(in.reg, XMM, first);
    vectors.load(in, format.bytes(), false);
    Real a = elements.real(format, element(first, 0, format.bytes()));
    Real b = elements.real(format, element(second, 0, format.bytes()));
    int order = unit.compare(a, b, quietIsInvalid);
    elements.settle();
    vectors.state.status.set(X87Operations.orderFlags(order));
  }
}
