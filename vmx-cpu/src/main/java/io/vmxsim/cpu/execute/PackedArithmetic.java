package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;
import java.util.function.LongBinaryOperator;

/**
 * Integer arithmetic on packed elements: MMX, SSE2 to SSE4.2 and AVX2 ("MMX Packed Arithmetic
 * Instructions", volume 1, 5.4.3, and its kin). Most operations are a function of two elements,
 * sign- or zero-extended, and a result of which as many bytes are kept.
 */
final class PackedArithmetic {
  private final VectorOperands vectors;
  private final PackedShuffles shuffles;
  private final long[] first;
  private final long[] second;
  private final long[] result;

  PackedArithmetic(VectorOperands vectors) {
    this.vectors = vectors;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
    shuffles = new PackedShuffles(vectors);
  }

  void execute(Instruction in) {
    vectors.requireFor(in, in.row != null && in.row.namesMmx());
    switch (in.op) {
      case PAND -> unsigned(in, 8, (a, b) -> a & b);
      case PANDN -> unsigned(in, 8, (a, b) -> ~a & b);
      case POR -> unsigned(in, 8, (a, b) -> a | b);
      case PXOR -> unsigned(in, 8, (a, b) -> a ^ b);
      case PADDB -> unsigned(in, 1, Long::sum);
      case PADDW -> unsigned(in, 2, Long::sum);
      case PADDD -> unsigned(in, 4, Long::sum);
      case PADDQ -> unsigned(in, 8, Long::sum);
      case PSUBB -> unsigned(in, 1, (a, b) -> a - b);
      case PSUBW -> unsigned(in, 2, (a, b) -> a - b);
      case PSUBD -> unsigned(in, 4, (a, b) -> a - b);
      case PSUBQ -> unsigned(in, 8, (a, b) -> a - b);
      case PADDSB -> signed(in, 1, (a, b) -> saturate(a + b, 1));
      case PADDSW -> signed(in, 2, (a, b) -> saturate(a + b, 2));
      case PSUBSB -> signed(in, 1, (a, b) -> saturate(a - b, 1));
      case PSUBSW -> signed(in, 2, (a, b) -> saturate(a - b, 2));
      case PADDUSB -> unsigned(in, 1, (a, b) -> saturateUnsigned(a + b, 1));
      case PADDUSW -> unsigned(in, 2, (a, b) -> saturateUnsigned(a + b, 2));
      case PSUBUSB -> unsigned(in, 1, (a, b) -> saturateUnsigned(a - b, 1));
      case PSUBUSW -> unsigned(in, 2, (a, b) -> saturateUnsigned(a - b, 2));
      default -> multiply(in);
    }
  }

  private void multiply(Instruction in) {
    switch (in.op) {
      case PMULLW -> signed(in, 2, (a, b) -> a * b);
      case PMULLD -> signed(in, 4, (a, b) -> a * b);
      case PMULHW -> signed(in, 2, (a, b) -> (a * b) >> 16);
      case PMULHUW -> unsigned(in, 2, (a, b) -> (a * b) >> 16);
      case PMULHRSW -> signed(in, 2, (a, b) -> (((a * b) >> 14) + 1) >> 1);
      case PMULUDQ -> unsigned(in, 8, (a, b) -> (a & 0xffffffffL) * (b & 0xffffffffL));
      case PMULDQ -> unsigned(in, 8, (a, b) -> (long) (int) a * (int) b);
      case PAVGB -> unsigned(in, 1, (a, b) -> (a + b + 1) >> 1);
      case PAVGW -> unsigned(in, 2, (a, b) -> (a + b + 1) >> 1);
      case PMADDWD -> pairs(in, 4, true, true);
      case PMADDUBSW -> pairs(in, 2, false, true);
      case PSADBW -> sumOfDifferences(in);
      case VPDPBUSD -> accumulate(in, 1, false);
      case VPDPBUSDS -> accumulate(in, 1, true);
      case VPDPWSSD -> accumulate(in, 2, false);
      case VPDPWSSDS -> accumulate(in, 2, true);
      default -> compare(in);
    }
  }

  private void compare(Instruction in) {
    switch (in.op) {
      case PMINUB -> unsigned(in, 1, Math::min);
      case PMINUW -> unsigned(in, 2, Math::min);
      case PMINUD -> unsigned(in, 4, Math::min);
      case PMINSB -> signed(in, 1, Math::min);
      case PMINSW -> signed(in, 2, Math::min);
      case PMINSD -> signed(in, 4, Math::min);
      case PMAXUB -> unsigned(in, 1, Math::max);
      case PMAXUW -> unsigned(in, 2, Math::max);
      case PMAXUD -> unsigned(in, 4, Math::max);
      case PMAXSB -> signed(in, 1, Math::max);
      case PMAXSW -> signed(in, 2, Math::max);
      case PMAXSD -> signed(in, 4, Math::max);
      case PCMPEQB -> signed(in, 1, (a, b) -> a == b ? -1 : 0);
      case PCMPEQW -> signed(in, 2, (a, b) -> a == b ? -1 : 0);
      case PCMPEQD -> signed(in, 4, (a, b) -> a == b ? -1 : 0);
      case PCMPEQQ -> signed(in, 8, (a, b) -> a == b ? -1 : 0);
      case PCMPGTB -> signed(in, 1, (a, b) -> a > b ? -1 : 0);
      case PCMPGTW -> signed(in, 2, (a, b) -> a > b ? -1 : 0);
      case PCMPGTD -> signed(in, 4, (a, b) -> a > b ? -1 : 0);
      case PCMPGTQ -> signed(in, 8, (a, b) -> a > b ? -1 : 0);
      case PSIGNB -> signed(in, 1, (a, b) -> a * Long.signum(b));
      case PSIGNW -> signed(in, 2, (a, b) -> a * Long.signum(b));
      case PSIGND -> signed(in, 4, (a, b) -> a * Long.signum(b));
      case PABSB -> signed(in, 1, (a, b) -> Math.abs(b));
      case PABSW -> signed(in, 2, (a, b) -> Math.abs(b));
      case PABSD -> signed(in, 4, (a, b) -> Math.abs(b));
      default -> shift(in);
    }
  }

  // ---- Shifts --------------------------------------------------------------------------------

  private void shift(Instruction in) {
    switch (in.op) {
      case PSLLW_I, PSLLW -> shiftBy(in, 2, false, PackedArithmetic::left);
      case PSLLD_I, PSLLD -> shiftBy(in, 4, false, PackedArithmetic::left);
      case PSLLQ_I, PSLLQ -> shiftBy(in, 8, false, PackedArithmetic::left);
      case PSRLW_I, PSRLW -> shiftBy(in, 2, false, PackedArithmetic::right);
      case PSRLD_I, PSRLD -> shiftBy(in, 4, false, PackedArithmetic::right);
      case PSRLQ_I, PSRLQ -> shiftBy(in, 8, false, PackedArithmetic::right);
      case PSRAW_I, PSRAW -> shiftBy(in, 2, true, PackedArithmetic::arithmetic);
      case PSRAD_I, PSRAD -> shiftBy(in, 4, true, PackedArithmetic::arithmetic);
      case VPSLLVD -> unsigned(in, 4, PackedArithmetic::left);
      case VPSLLVQ -> unsigned(in, 8, PackedArithmetic::left);
      case VPSRLVD -> unsigned(in, 4, PackedArithmetic::right);
      case VPSRLVQ -> unsigned(in, 8, PackedArithmetic::right);
      case VPSRAVD -> {
        vectors.loadBoth(in);
        apply(in, 4, true, (a, b) -> arithmetic(a, b & 0xffffffffL));
      }
      default -> horizontal(in);
    }
  }

  /** Counts are unsigned; one beyond the element leaves 0. The element is zero-extended. */
  private static long left(long value, long count) {
    return count >= 0 && count < Long.SIZE ? value << count : 0;
  }

  private static long right(long value, long count) {
    return count >= 0 && count < Long.SIZE ? value >>> count : 0;
  }

  private static long arithmetic(long value, long count) {
    return value >> (count >= 0 && count < Long.SIZE ? count : Long.SIZE - 1);
  }

  /** By the immediate, or by the low 64 bits of the other operand. */
  private void shiftBy(Instruction in, int element, boolean signed, LongBinaryOperator shift) {
    long count;
    if (in.row != null && in.row.hasImmediate()) {
      vectors.fetch(in.rm, in.operandSize, first);
      count = in.immediate & 0xff;
    } else {
      vectors.load(in, in.operandSize == 8 ? 8 : 16, in.operandSize == 8);
      count = second[0];
      vectors.fetch(in.vvvv, in.operandSize, first);
    }
    for (int i = 0; i < second.length; i++) {
      second[i] = 0;
    }
    apply(in, element, signed, (a, b) -> shift.applyAsLong(a, count), destination(in));
  }

  /** With an immediate the destination is in vvvv where VEX has one, else the operand itself. */
  private static int destination(Instruction in) {
    boolean immediate = in.row != null && in.row.hasImmediate();
    return immediate ? (in.vex ? in.vvvv : in.rm) : in.reg;
  }

  // ---- Several elements ----------------------------------------------------------------------

  private void horizontal(Instruction in) {
    switch (in.op) {
      case PHADDW -> neighbours(in, 2, Long::sum);
      case PHADDD -> neighbours(in, 4, Long::sum);
      case PHADDSW -> neighbours(in, 2, (a, b) -> saturate(a + b, 2));
      case PHSUBW -> neighbours(in, 2, (a, b) -> a - b);
      case PHSUBD -> neighbours(in, 4, (a, b) -> a - b);
      case PHSUBSW -> neighbours(in, 2, (a, b) -> saturate(a - b, 2));
      default -> shuffles.execute(in);
    }
  }

  /** Of each 16 bytes, the pairs of the first operand and then those of the second. */
  private void neighbours(Instruction in, int element, LongBinaryOperator f) {
    vectors.loadBoth(in);
    int lane = Math.min(in.operandSize, 16) / element;
    for (int i = 0; i < in.operandSize / element; i++) {
      int within = i % lane;
      long[] from = within < lane / 2 ? first : second;
      int pair = i - within + within % (lane / 2) * 2;
      long a = signedElement(from, pair, element);
      long b = signedElement(from, pair + 1, element);
      put(result, i, element, f.applyAsLong(a, b));
    }
    vectors.store(in);
  }

  /** Products of halves of an element, added; saturated where they are of unsigned bytes. */
  private void pairs(Instruction in, int element, boolean firstSigned, boolean secondSigned) {
    vectors.loadBoth(in);
    int half = element / 2;
    for (int i = 0; i < in.operandSize / element; i++) {
      long sum = 0;
      for (int j = 2 * i; j < 2 * i + 2; j++) {
        long a = firstSigned ? signedElement(first, j, half) : element(first, j, half);
        long b = secondSigned ? signedElement(second, j, half) : element(second, j, half);
        sum += a * b;
      }
      put(result, i, element, firstSigned ? sum : saturate(sum, element));
    }
    vectors.store(in);
  }

  /** Products of signed words, or of unsigned and signed bytes, added to doublewords. */
  private void accumulate(Instruction in, int bytes, boolean saturates) {
    vectors.loadBoth(in);
    vectors.fetch(in.reg, in.operandSize, result);
    int count = 4 / bytes;
    for (int i = 0; i < in.operandSize / 4; i++) {
      long sum = signedElement(result, i, 4);
      for (int j = count * i; j < count * i + count; j++) {
        long a = bytes == 1 ? element(first, j, 1) : signedElement(first, j, bytes);
        sum += a * signedElement(second, j, bytes);
      }
      put(result, i, 4, saturates ? saturate(sum, 4) : sum);
    }
    vectors.store(in);
  }

  private void sumOfDifferences(Instruction in) {
    vectors.loadBoth(in);
    for (int i = 0; i < in.operandSize / 8; i++) {
      long sum = 0;
      for (int j = 8 * i; j < 8 * i + 8; j++) {
        sum += Math.abs(element(first, j, 1) - element(second, j, 1));
      }
      result[i] = sum;
    }
    vectors.store(in);
  }

  // ---- Element by element --------------------------------------------------------------------

  private void unsigned(Instruction in, int element, LongBinaryOperator f) {
    vectors.loadBoth(in);
    apply(in, element, false, f);
  }

  private void signed(Instruction in, int element, LongBinaryOperator f) {
    vectors.loadBoth(in);
    apply(in, element, true, f);
  }

  private void apply(Instruction in, int element, boolean signed, LongBinaryOperator f) {
    apply(in, element, signed, f, in.reg);
  }

  private void apply(
      Instruction in, int element, boolean signed, LongBinaryOperator f, int destination) {
    for (int i = 0; i < in.operandSize / element; i++) {
      long a = signed ? signedElement(first, i, element) : element(first, i, element);
      long b = signed ? signedElement(second, i, element) : element(second, i, element);
      put(result, i, element, f.applyAsLong(a, b));
    }
    vectors.set(destination, in.operandSize, in.vex, result);
  }

  /** Element {@code i} of {@code bytes} each, zero-extended. */
  static long element(long[] vector, int i, int bytes) {
    int at = i * bytes;
    return Val.zeroExtend(vector[at >> 3] >>> (Byte.SIZE * (at & 7)), bytes);
  }

  /** Element {@code i}, sign-extended. */
  static long signedElement(long[] vector, int i, int bytes) {
    return Val.signExtend(element(vector, i, bytes), bytes);
  }

  /** Sets element {@code i}. */
  static void put(long[] vector, int i, int bytes, long value) {
    int at = i * bytes;
    int shift = Byte.SIZE * (at & 7);
    long mask = Val.mask(bytes) << shift;
    vector[at >> 3] = (vector[at >> 3] & ~mask) | (value << shift & mask);
  }

  static long saturate(long value, int bytes) {
    long limit = 1L << (Byte.SIZE * bytes - 1);
    return Math.max(-limit, Math.min(limit - 1, value));
  }

  static long saturateUnsigned(long value, int bytes) {
    return Math.max(0, Math.min(Val.mask(bytes), value));
  }
}
