package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;
import static io.vmxsim.cpu.execute.PackedArithmetic.signedElement;

import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.util.function.BinaryOperator;

/**
 * Floating-point arithmetic of SSE, SSE2, SSE3, SSE4.1 and AVX ("SIMD Floating-Point Exceptions",
 * volume 1, 11.5). Every element is computed exactly and rounded once; an unmasked exception of any
 * element keeps the destination as it was.
 */
final class VectorFloat {
  private static final int DAZ = 1 << 6;
  private static final int FTZ = 1 << 15;
  private static final int UNDERFLOW_MASK = 1 << 11;
  private static final int EXCEPTIONS = 0x3f;
  private static final long QUIET_SINGLE = 1 << 22;
  private static final long INDEFINITE_SINGLE = 0xffc00000L;
  private static final int XMM = 16;

  private final VectorOperands vectors;
  private final Operands operands;
  private final ExtendedState extended;
  private final VectorFloatShuffles shuffles;
  private final Faults faults;
  private final FloatUnit unit = new FloatUnit();
  private final long[] first;
  private final long[] second;
  private final long[] result;

  VectorFloat(VectorOperands vectors, Faults faults) {
    this.vectors = vectors;
    this.faults = faults;
    operands = vectors.operands;
    extended = vectors.extended;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
    shuffles = new VectorFloatShuffles(vectors);
  }

  void execute(Instruction in) {
    vectors.requireFor(in, usesMmx(in));
    begin();
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

  /** CVTPI2PS and CVTPI2PD of memory have nothing to do with MMX registers. */
  private static boolean usesMmx(Instruction in) {
    boolean fromMemory = in.isMemory && (in.op == Op.CVTPI2PS || in.op == Op.CVTPI2PD);
    return in.row != null && in.row.namesMmx() && !fromMemory;
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
      default -> compare(in);
    }
  }

  // ---- MXCSR ---------------------------------------------------------------------------------

  private void begin() {
    unit.rounding = extended.mxcsr >>> 13 & 3;
    unit.precision = FloatFormat.EXTENDED.precision;
    unit.flushesToZero = (extended.mxcsr & (FTZ | UNDERFLOW_MASK)) == (FTZ | UNDERFLOW_MASK);
    unit.unmasked = ~(extended.mxcsr >>> 7) & EXCEPTIONS;
    unit.raised = 0;
    copies = false;
  }

  private Real real(FloatFormat format, long bits) {
    Real value = Real.of(format, bits);
    return value.denormal && (extended.mxcsr & DAZ) != 0 ? Real.zero(value.negative) : value;
  }

  /** Notes what was raised; an unmasked exception is #XM, or #UD with CR4.OSXMMEXCPT = 0. */
  private void settle() {
    boolean computes = (unit.raised & unit.unmasked & FloatUnit.BEFORE_COMPUTING) == 0;
    extended.mxcsr |= computes ? unit.raised : unit.raised & FloatUnit.BEFORE_COMPUTING;
    if ((unit.raised & unit.unmasked) != 0) {
      throw faults.simdException();
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
    settle();
    vectors.store(in);
  }

  /** The lowest element; the others are the first operand's. */
  private void scalar(Instruction in, FloatFormat format, BinaryOperator<Real> f) {
    int bytes = format.bytes();
    loadScalar(in, bytes);
    System.arraycopy(first, 0, result, 0, 2);
    put(result, 0, bytes, compute(format, element(first, 0, bytes), element(second, 0, bytes), f));
    settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }

  private void loadScalar(Instruction in, int bytes) {
    vectors.fetch(in.vvvv, XMM, first);
    vectors.load(in, bytes, false);
  }

  /** Whether the result is one of the operands as it is: the second if {@code copiesSecond}. */
  private boolean copies;

  private boolean copiesSecond;

  private long compute(FloatFormat format, long a, long b, BinaryOperator<Real> f) {
    copies = false;
    Real value = f.apply(real(format, a), real(format, b));
    if (copies) {
      Real chosen = real(format, copiesSecond ? b : a);
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

  // ---- Comparison ----------------------------------------------------------------------------

  private void compare(Instruction in) {
    switch (in.op) {
      case CMPPS -> comparePacked(in, FloatFormat.SINGLE);
      case CMPPD -> comparePacked(in, FloatFormat.DOUBLE);
      case CMPSS -> compareScalar(in, FloatFormat.SINGLE);
      case CMPSD -> compareScalar(in, FloatFormat.DOUBLE);
      case COMISS -> compareToFlags(in, FloatFormat.SINGLE, true);
      case COMISD -> compareToFlags(in, FloatFormat.DOUBLE, true);
      case UCOMISS -> compareToFlags(in, FloatFormat.SINGLE, false);
      case UCOMISD -> compareToFlags(in, FloatFormat.DOUBLE, false);
      default -> neighbours(in);
    }
  }

  private void comparePacked(Instruction in, FloatFormat format) {
    vectors.loadBoth(in);
    int bytes = format.bytes();
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(result, i, bytes, holds(in, format, i) ? -1 : 0);
    }
    settle();
    vectors.store(in);
  }

  private void compareScalar(Instruction in, FloatFormat format) {
    loadScalar(in, format.bytes());
    System.arraycopy(first, 0, result, 0, 2);
    put(result, 0, format.bytes(), holds(in, format, 0) ? -1 : 0);
    settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }

  /** The predicate (volume 2, “CMPPD”, Tables 3-1 and 3-9): legacy forms have the first eight. */
  private boolean holds(Instruction in, FloatFormat format, int i) {
    int predicate = (int) in.immediate & (in.vex ? 31 : 7);
    int bytes = format.bytes();
    Real a = real(format, element(first, i, bytes));
    Real b = real(format, element(second, i, bytes));
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
    Real a = real(format, element(first, 0, format.bytes()));
    Real b = real(format, element(second, 0, format.bytes()));
    int order = unit.compare(a, b, quietIsInvalid);
    settle();
    operands.state.status.set(X87Operations.orderFlags(order));
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
      default -> convert(in);
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
    settle();
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
    settle();
    vectors.store(in);
  }

  // ---- Conversion ----------------------------------------------------------------------------

  private void convert(Instruction in) {
    switch (in.op) {
      case CVTSI2SS -> fromGeneral(in, FloatFormat.SINGLE);
      case CVTSI2SD -> fromGeneral(in, FloatFormat.DOUBLE);
      case CVTSS2SI -> toGeneral(in, FloatFormat.SINGLE);
      case CVTSD2SI -> toGeneral(in, FloatFormat.DOUBLE);
      case CVTTSS2SI -> {
        unit.rounding = FloatUnit.TRUNCATE;
        toGeneral(in, FloatFormat.SINGLE);
      }
      case CVTTSD2SI -> {
        unit.rounding = FloatUnit.TRUNCATE;
        toGeneral(in, FloatFormat.DOUBLE);
      }
      case CVTSS2SD -> convertScalar(in, FloatFormat.SINGLE, FloatFormat.DOUBLE);
      case CVTSD2SS -> convertScalar(in, FloatFormat.DOUBLE, FloatFormat.SINGLE);
      case CVTPS2PD ->
          convertPacked(in, FloatFormat.SINGLE, FloatFormat.DOUBLE, in.operandSize / 2);
      case CVTPD2PS -> convertPacked(in, FloatFormat.DOUBLE, FloatFormat.SINGLE, in.operandSize);
      default -> convertIntegers(in);
    }
  }

  private void fromGeneral(Instruction in, FloatFormat format) {
    vectors.fetch(in.vvvv, XMM, result);
    long value = Val.signExtend(operands.load(in), in.operandSize);
    put(result, 0, format.bytes(), unit.pack(Real.of(value), format));
    settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }

  private void toGeneral(Instruction in, FloatFormat format) {
    vectors.load(in, format.bytes(), false);
    long value = integer(format, element(second, 0, format.bytes()), in.operandSize);
    settle();
    operands.setRegister(in.reg, in.operandSize, value);
  }

  /** Conversions to integers do not note denormals. */
  private long integer(FloatFormat format, long bits, int bytes) {
    int before = unit.raised;
    long value = unit.toInteger(real(format, bits), bytes);
    unit.raised = before | (unit.raised & ~FloatUnit.DENORMAL);
    return value;
  }

  private long converted(FloatFormat from, FloatFormat to, long bits) {
    Real value = real(from, bits);
    if (value.kind == Real.Kind.SIGNALING) {
      value = unit.nan(value, value);
    } else if (value.denormal) {
      unit.raised |= FloatUnit.DENORMAL;
    }
    return unit.pack(value, to);
  }

  private void convertScalar(Instruction in, FloatFormat from, FloatFormat to) {
    loadScalar(in, from.bytes());
    System.arraycopy(first, 0, result, 0, 2);
    put(result, 0, to.bytes(), converted(from, to, element(second, 0, from.bytes())));
    settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }

  private void convertPacked(Instruction in, FloatFormat from, FloatFormat to, int sourceBytes) {
    vectors.load(in, sourceBytes, false);
    clear();
    for (int i = 0; i < sourceBytes / from.bytes(); i++) {
      put(result, i, to.bytes(), converted(from, to, element(second, i, from.bytes())));
    }
    settle();
    storeConverted(in, sourceBytes / from.bytes() * to.bytes());
  }

  private void clear() {
    for (int i = 0; i < result.length; i++) {
      result[i] = 0;
    }
  }

  /** As many bytes as the result has, the rest of 16 zero. */
  private void storeConverted(Instruction in, int bytes) {
    vectors.set(in.reg, Math.max(XMM, bytes), in.vex, result);
  }

  private void convertIntegers(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case CVTDQ2PS -> fromIntegers(in, FloatFormat.SINGLE, size);
      case CVTDQ2PD -> fromIntegers(in, FloatFormat.DOUBLE, size / 2);
      case CVTPS2DQ -> toIntegers(in, FloatFormat.SINGLE, false);
      case CVTTPS2DQ -> toIntegers(in, FloatFormat.SINGLE, true);
      case CVTPD2DQ -> toIntegers(in, FloatFormat.DOUBLE, false);
      case CVTTPD2DQ -> toIntegers(in, FloatFormat.DOUBLE, true);
      case CVTPI2PS -> fromMmx(in, FloatFormat.SINGLE);
      case CVTPI2PD -> fromMmx(in, FloatFormat.DOUBLE);
      case CVTPS2PI -> toMmx(in, FloatFormat.SINGLE, false);
      case CVTPD2PI -> toMmx(in, FloatFormat.DOUBLE, false);
      case CVTTPS2PI -> toMmx(in, FloatFormat.SINGLE, true);
      case CVTTPD2PI -> toMmx(in, FloatFormat.DOUBLE, true);
      default -> approximate(in);
    }
  }

  /** Two integers of an MMX register or memory. */
  private void fromMmx(Instruction in, FloatFormat format) {
    vectors.load(in, 8, true);
    vectors.fetch(in.reg, XMM, result);
    for (int i = 0; i < 2; i++) {
      long bits = unit.pack(Real.of(signedElement(second, i, 4)), format);
      put(result, i, format.bytes(), bits);
    }
    if (!in.isMemory) {
      vectors.enterMmx(); // also where there is an exception
    }
    settle();
    vectors.set(in.reg, XMM, false, result);
  }

  private void toMmx(Instruction in, FloatFormat format, boolean truncates) {
    if (truncates) {
      unit.rounding = FloatUnit.TRUNCATE;
    }
    vectors.load(in, 2 * format.bytes(), false);
    long both = integer(format, element(second, 0, format.bytes()), 4) & 0xffffffffL;
    both |= integer(format, element(second, 1, format.bytes()), 4) << 32;
    vectors.enterMmx();
    settle();
    vectors.setMmx(in.reg, both);
  }

  // ---- Approximations ------------------------------------------------------------------------

  private void approximate(Instruction in) {
    switch (in.op) {
      case RCPPS, RSQRTPS -> {
        vectors.load(in, in.operandSize, false);
        for (int i = 0; i < in.operandSize / 4; i++) {
          put(result, i, 4, reciprocal(in.op, element(second, i, 4)));
        }
        vectors.set(in.reg, in.operandSize, in.vex, result);
      }
      case RCPSS, RSQRTSS -> {
        loadScalar(in, 4);
        System.arraycopy(first, 0, result, 0, 2);
        put(result, 0, 4, reciprocal(in.op, element(second, 0, 4)));
        vectors.set(in.reg, XMM, in.vex, result);
      }
      default -> fuse(in);
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

  private void fromIntegers(Instruction in, FloatFormat format, int sourceBytes) {
    vectors.load(in, sourceBytes, false);
    clear();
    for (int i = 0; i < sourceBytes / 4; i++) {
      long bits = unit.pack(Real.of(signedElement(second, i, 4)), format);
      put(result, i, format.bytes(), bits);
    }
    settle();
    storeConverted(in, sourceBytes / 4 * format.bytes());
  }

  private void toIntegers(Instruction in, FloatFormat format, boolean truncates) {
    if (truncates) {
      unit.rounding = FloatUnit.TRUNCATE;
    }
    vectors.load(in, in.operandSize, false);
    clear();
    int count = in.operandSize / format.bytes();
    for (int i = 0; i < count; i++) {
      put(result, i, 4, integer(format, element(second, i, format.bytes()), 4));
    }
    settle();
    storeConverted(in, 4 * count);
  }

  // ---- Fused multiply and add ----------------------------------------------------------------

  /** VF[N]M(ADD|SUB|ADDSUB|SUBADD)(132|213|231)(PS|PD|SS|SD): the name says what is done. */
  private void fuse(Instruction in) {
    String name = in.op.name();
    if (!name.startsWith("VF")) {
      if (!shuffles.execute(in)) {
        throw vectors.notModelled(in);
      }
      return;
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
    settle();
    vectors.set(in.reg, packed ? in.operandSize : XMM, true, result);
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
    Real x1 = real(format, element(result, i, bytes));
    Real x2 = real(format, element(first, i, bytes));
    Real x3 = real(format, element(second, i, bytes));
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
