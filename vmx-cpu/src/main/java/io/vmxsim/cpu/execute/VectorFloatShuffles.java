package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.decode.Instruction;

/** Floating-point elements that are moved, combined bit by bit or tested, not computed with. */
final class VectorFloatShuffles {
  private static final int XMM = 16;

  private final VectorOperands vectors;
  private final Operands operands;
  private final long[] first;
  private final long[] second;
  private final long[] result;

  VectorFloatShuffles(VectorOperands vectors) {
    this.vectors = vectors;
    operands = vectors.operands;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case ANDPS, ANDPD -> bitwise(in, 0);
      case ANDNPS, ANDNPD -> bitwise(in, 1);
      case ORPS, ORPD -> bitwise(in, 2);
      case XORPS, XORPD -> bitwise(in, 3);
      case UNPCKLPS -> unpack(in, 4, 0);
      case UNPCKHPS -> unpack(in, 4, 2);
      case UNPCKLPD -> unpack(in, 8, 0);
      case UNPCKHPD -> unpack(in, 8, 1);
      case SHUFPS -> shuffle(in, 4);
      case SHUFPD -> shuffle(in, 8);
      case BLENDPS -> blend(in, 4);
      case BLENDPD -> blend(in, 8);
      case BLENDVPS -> blendByMask(in, 4, 0);
      case BLENDVPD -> blendByMask(in, 8, 0);
      case VBLENDVPS -> blendByMask(in, 4, in.immediate2);
      case VBLENDVPD -> blendByMask(in, 8, in.immediate2);
      default -> permute(in);
    }
  }

  private void bitwise(Instruction in, int operation) {
    vectors.loadBoth(in);
    for (int i = 0; i < in.operandSize / 8; i++) {
      result[i] =
          switch (operation) {
            case 0 -> first[i] & second[i];
            case 1 -> ~first[i] & second[i];
            case 2 -> first[i] | second[i];
            default -> first[i] ^ second[i];
          };
    }
    vectors.store(in);
  }

  /** Elements of both operands in turn, from element {@code start} of each 16 bytes. */
  private void unpack(Instruction in, int bytes, int start) {
    vectors.loadBoth(in);
    int lane = XMM / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      int from = i - within + start + within / 2;
      put(result, i, bytes, element((within & 1) == 0 ? first : second, from, bytes));
    }
    vectors.store(in);
  }

  /** The lower half from the first operand, the upper from the second, as the immediate picks. */
  private void shuffle(Instruction in, int bytes) {
    vectors.loadBoth(in);
    int lane = XMM / bytes;
    int bits = bytes == 4 ? 2 : 1;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      int field = bytes == 4 ? within : i;
      int pick = (int) (in.immediate >>> (bits * field)) & lane - 1;
      put(result, i, bytes, element(within < lane / 2 ? first : second, i - within + pick, bytes));
    }
    vectors.store(in);
  }

  private void blend(Instruction in, int bytes) {
    vectors.loadBoth(in);
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(result, i, bytes, element((in.immediate >>> i & 1) != 0 ? second : first, i, bytes));
    }
    vectors.store(in);
  }

  private void blendByMask(Instruction in, int bytes, int register) {
    vectors.loadBoth(in);
    vectors.fetch(register, in.operandSize, result);
    for (int i = 0; i < in.operandSize / bytes; i++) {
      boolean takes = PackedArithmetic.signedElement(result, i, bytes) < 0;
      put(result, i, bytes, element(takes ? second : first, i, bytes));
    }
    vectors.store(in);
  }

  private void permute(Instruction in) {
    switch (in.op) {
      case VPERMILPS_I -> permuteInLane(in, 4, false);
      case VPERMILPD_I -> permuteInLane(in, 8, false);
      case VPERMILPS_V -> permuteInLane(in, 4, true);
      case VPERMILPD_V -> permuteInLane(in, 8, true);
      case VPERMPS -> {
        vectors.loadBoth(in);
        for (int i = 0; i < 8; i++) {
          put(result, i, 4, element(second, (int) element(first, i, 4) & 7, 4));
        }
        vectors.store(in);
      }
      case VPERMPD -> {
        vectors.load(in, in.operandSize, false);
        for (int i = 0; i < 4; i++) {
          result[i] = second[(int) (in.immediate >>> (2 * i)) & 3];
        }
        vectors.store(in);
      }
      case VPERM2F128 -> {
        vectors.loadBoth(in);
        new PackedShuffles(vectors).permuteHalves((int) in.immediate);
        vectors.store(in);
      }
      default -> single(in);
    }
  }

  private void permuteInLane(Instruction in, int bytes, boolean variable) {
    if (variable) {
      vectors.loadBoth(in);
    } else {
      vectors.load(in, in.operandSize, false);
      System.arraycopy(second, 0, first, 0, first.length);
    }
    int lane = XMM / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      int pick;
      if (variable) {
        pick = (int) (element(second, i, bytes) >>> (bytes == 8 ? 1 : 0)) & lane - 1;
      } else {
        pick = (int) (in.immediate >>> (bytes == 4 ? 2 * within : i)) & lane - 1;
      }
      put(result, i, bytes, element(first, i - within + pick, bytes));
    }
    vectors.store(in);
  }

  private void single(Instruction in) {
    switch (in.op) {
      case MOVMSKPS -> mask(in, 4);
      case MOVMSKPD -> mask(in, 8);
      case EXTRACTPS -> {
        vectors.fetch(in.reg, XMM, second);
        operands.store(in, 4, element(second, (int) in.immediate & 3, 4));
      }
      case INSERTPS -> {
        vectors.fetch(in.vvvv, XMM, result);
        vectors.load(in, 4, false);
        int from = in.isMemory ? 0 : (int) in.immediate >>> 6 & 3;
        put(result, (int) in.immediate >>> 4 & 3, 4, element(second, from, 4));
        for (int i = 0; i < 4; i++) {
          if ((in.immediate >>> i & 1) != 0) {
            put(result, i, 4, 0);
          }
        }
        vectors.set(in.reg, XMM, in.vex, result);
      }
      case VTESTPS -> test(in, 4);
      case VTESTPD -> test(in, 8);
      default -> throw vectors.notModelled(in);
    }
  }

  private void mask(Instruction in, int bytes) {
    vectors.fetch(in.rm, in.operandSize, second);
    long mask = 0;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      mask |= PackedArithmetic.signedElement(second, i, bytes) < 0 ? 1L << i : 0;
    }
    operands.setRegister(in.reg, 8, mask);
  }

  private void test(Instruction in, int bytes) {
    vectors.fetch(in.reg, in.operandSize, first);
    vectors.load(in, in.operandSize, false);
    boolean both = false;
    boolean only = false;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      boolean a = PackedArithmetic.signedElement(first, i, bytes) < 0;
      boolean b = PackedArithmetic.signedElement(second, i, bytes) < 0;
      both |= a && b;
      only |= !a && b;
    }
    operands.state.status.set((both ? 0 : CpuState.ZF) | (only ? 0 : CpuState.CF));
  }
}
