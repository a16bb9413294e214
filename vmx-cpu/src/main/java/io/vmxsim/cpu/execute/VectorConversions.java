package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;
import static io.vmxsim.cpu.execute.PackedArithmetic.signedElement;

import io.vmxsim.cpu.decode.Instruction;

/**
 * Conversions between floating-point formats and integers (volume 1, 5.5.5, 5.6.1.6 and 5.13, "Half
 * precision floating-point conversion").
 */
final class VectorConversions extends FloatOperations {
  VectorConversions(FloatElements elements) {
    super(elements);
  }

  @Override
  void execute(Instruction in) {
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
      case VCVTPH2PS -> fromHalf(in);
      case VCVTPS2PH -> toHalf(in);
      default -> convertIntegers(in);
    }
  }

  private void fromGeneral(Instruction in, FloatFormat format) {
    vectors.fetch(in.vvvv, XMM, result);
    long value = Val.signExtend(vectors.operands.load(in), in.operandSize);
    put(result, 0, format.bytes(), unit.pack(Real.of(value), format));
    elements.settle();
    vectors.set(in.reg, XMM, in.vex, result);
  }

  private void toGeneral(Instruction in, FloatFormat format) {
    vectors.load(in, format.bytes(), false);
    long value = integer(format, element(second, 0, format.bytes()), in.operandSize);
    elements.settle();
    vectors.operands.setRegister(in.reg, in.operandSize, value);
  }

  /** Conversions to integers do not note denormals. */
  private long integer(FloatFormat format, long bits, int bytes) {
    int before = unit.raised;
    long value = unit.toInteger(elements.real(format, bits), bytes);
    unit.raised = before | (unit.raised & ~FloatUnit.DENORMAL);
    return value;
  }

  private long converted(FloatFormat from, FloatFormat to, long bits) {
    Real value = elements.real(from, bits);
    if (value.kind == Real.Kind.SIGNALING) {
      value = unit.nan(value, value);
    } else if (value.denormal) {
      unit.raised |= FloatUnit.DENORMAL;
    }
    return unit.pack(value, to);
  }

  private void convertScalar(Instruction in, FloatFormat from, FloatFormat to) {
    elements.loadScalar(in, from.bytes());
    long value = converted(from, to, element(second, 0, from.bytes()));
    elements.storeScalar(in, to.bytes(), value);
  }

  private void convertPacked(Instruction in, FloatFormat from, FloatFormat to, int sourceBytes) {
    vectors.load(in, sourceBytes, false);
    clear();
    for (int i = 0; i < sourceBytes / from.bytes(); i++) {
      put(result, i, to.bytes(), converted(from, to, element(second, i, from.bytes())));
    }
    elements.settle();
    storeConverted(in, sourceBytes / from.bytes() * to.bytes());
  }

  /** Denormals are numbers as others are, whatever DAZ says. */
  private void fromHalf(Instruction in) {
    vectors.loadUnchecked(in, in.operandSize / 2);
    for (int i = 0; i < in.operandSize / 4; i++) {
      Real value = Real.of(FloatFormat.HALF, element(second, i, 2));
      Real quiet = value.isNan() ? unit.nan(value, value) : value;
      put(result, i, 4, unit.pack(quiet, FloatFormat.SINGLE));
    }
    elements.settle();
    vectors.store(in);
  }

  /** As the immediate rounds, or MXCSR; results may be denormals, whatever FTZ says. */
  private void toHalf(Instruction in) {
    if ((in.immediate & 4) == 0) {
      unit.rounding = (int) in.immediate & 3;
    }
    unit.flushesToZero = false;
    vectors.fetch(in.reg, in.operandSize, second);
    clear();
    for (int i = 0; i < in.operandSize / 4; i++) {
      put(result, i, 2, converted(FloatFormat.SINGLE, FloatFormat.HALF, element(second, i, 4)));
    }
    int bytes = in.operandSize / 2;
    elements.settle(); // also where the store faults
    if (in.isMemory) {
      vectors.storeUnchecked(in, bytes, result);
    } else {
      vectors.set(in.rm, XMM, true, result);
    }
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
      default -> throw vectors.notModelled(in);
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
    elements.settle();
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
    elements.settle();
    vectors.setMmx(in.reg, both);
  }

  private void fromIntegers(Instruction in, FloatFormat format, int sourceBytes) {
    vectors.load(in, sourceBytes, false);
    clear();
    for (int i = 0; i < sourceBytes / 4; i++) {
      long bits = unit.pack(Real.of(signedElement(second, i, 4)), format);
      put(result, i, format.bytes(), bits);
    }
    elements.settle();
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
    elements.settle();
    storeConverted(in, 4 * count);
  }
}
