package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;
import static io.vmxsim.cpu.execute.PackedArithmetic.saturate;
import static io.vmxsim.cpu.execute.PackedArithmetic.saturateUnsigned;
import static io.vmxsim.cpu.execute.PackedArithmetic.signedElement;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Packed integers that change places or sizes: unpacking, packing, shuffles, blends, insertion,
 * extraction, masks and tests (volume 2). Wide forms work within each 16 bytes.
 */
final class PackedShuffles {
  private static final int XMM = 16;

  private final VectorOperands vectors;
  private final TextOperations text;
  private final Operands operands;
  private final long[] first;
  private final long[] second;
  private final long[] result;

  PackedShuffles(VectorOperands vectors) {
    this.vectors = vectors;
    operands = vectors.operands;
    text = new TextOperations(vectors);
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case PUNPCKLBW -> unpack(in, 1, false);
      case PUNPCKLWD -> unpack(in, 2, false);
      case PUNPCKLDQ -> unpack(in, 4, false);
      case PUNPCKLQDQ -> unpack(in, 8, false);
      case PUNPCKHBW -> unpack(in, 1, true);
      case PUNPCKHWD -> unpack(in, 2, true);
      case PUNPCKHDQ -> unpack(in, 4, true);
      case PUNPCKHQDQ -> unpack(in, 8, true);
      case PACKSSWB -> pack(in, 1, true);
      case PACKSSDW -> pack(in, 2, true);
      case PACKUSWB -> pack(in, 1, false);
      case PACKUSDW -> pack(in, 2, false);
      case PSHUFB -> shuffleBytes(in);
      case PSHUFW -> shuffle(in, 2, 0, 4);
      case PSHUFD -> shuffle(in, 4, 0, 4);
      case PSHUFLW -> shuffle(in, 2, 0, 4);
      case PSHUFHW -> shuffle(in, 2, 4, 4);
      case PALIGNR -> align(in);
      case PSLLDQ -> shiftBytes(in, (int) -Math.min(in.immediate & 0xff, XMM));
      case PSRLDQ -> shiftBytes(in, (int) Math.min(in.immediate & 0xff, XMM));
      default -> blend(in);
    }
  }

  private int lane(Instruction in) {
    return Math.min(in.operandSize, XMM);
  }

  /** The elements of one half of both operands, in turn. */
  private void unpack(Instruction in, int bytes, boolean high) {
    loadHalf(in, high);
    int lane = lane(in) / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      int from = i - within + within / 2 + (high ? lane / 2 : 0);
      put(result, i, bytes, element((within & 1) == 0 ? first : second, from, bytes));
    }
    vectors.store(in);
  }

  /** MMX forms for low halves read 4 bytes of memory. */
  private void loadHalf(Instruction in, boolean high) {
    vectors.fetch(in.vvvv, in.operandSize, first);
    boolean mmx = in.operandSize == 8;
    vectors.load(in, mmx && !high ? 4 : in.operandSize, mmx);
  }

  /** Elements of twice the size, narrowed with saturation: first operand, then second. */
  private void pack(Instruction in, int bytes, boolean signed) {
    vectors.loadBoth(in);
    int lane = lane(in) / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane;
      long[] from = within < lane / 2 ? first : second;
      int source = (i - within) / 2 + within % (lane / 2);
      long value = signedElement(from, source, 2 * bytes);
      put(result, i, bytes, signed ? saturate(value, bytes) : saturateUnsigned(value, bytes));
    }
    vectors.store(in);
  }

  private void shuffleBytes(Instruction in) {
    vectors.loadBoth(in);
    int lane = lane(in);
    for (int i = 0; i < in.operandSize; i++) {
      int control = (int) element(second, i, 1);
      int from = i - i % lane + (control & lane - 1);
      put(result, i, 1, (control & 0x80) != 0 ? 0 : element(first, from, 1));
    }
    vectors.store(in);
  }

  /** {@code count} elements from {@code start} of each lane as the immediate picks them. */
  private void shuffle(Instruction in, int bytes, int start, int count) {
    vectors.load(in, in.operandSize, in.operandSize == 8);
    int lane = lane(in) / bytes;
    for (int i = 0; i < in.operandSize / bytes; i++) {
      int within = i % lane - start;
      boolean moves = within >= 0 && within < count;
      int from = i - within + (int) (in.immediate >>> (2 * within) & 3);
      put(result, i, bytes, element(second, moves ? from : i, bytes));
    }
    vectors.store(in);
  }

  private void align(Instruction in) {
    vectors.loadBoth(in);
    int lane = lane(in);
    for (int i = 0; i < in.operandSize; i++) {
      int base = i - i % lane;
      int from = i % lane + (int) (in.immediate & 0xff);
      long value =
          from < lane
              ? element(second, base + from, 1)
              : from < 2 * lane ? element(first, base + from - lane, 1) : 0;
      put(result, i, 1, value);
    }
    vectors.store(in);
  }

  private void shiftBytes(Instruction in, int by) {
    vectors.fetch(in.rm, in.operandSize, first);
    for (int i = 0; i < in.operandSize; i++) {
      int within = i % XMM + by;
      boolean inside = within >= 0 && within < XMM;
      put(result, i, 1, inside ? element(first, i + by, 1) : 0);
    }
    vectors.set(in.vex ? in.vvvv : in.rm, in.operandSize, in.vex, result);
  }

  // ---- Blends and permutations ---------------------------------------------------------------

  private void blend(Instruction in) {
    switch (in.op) {
      case PBLENDW -> blendBy(in, 2, in.immediate | in.immediate << 8);
      case VPBLENDD -> blendBy(in, 4, in.immediate);
      case PBLENDVB -> blendByMask(in, 0);
      case VPBLENDVB -> blendByMask(in, in.immediate2);
      case VPERMQ -> {
        vectors.load(in, in.operandSize, false);
        for (int i = 0; i < 4; i++) {
          result[i] = second[(int) (in.immediate >>> (2 * i)) & 3];
        }
        vectors.store(in);
      }
      case VPERMD -> {
        vectors.loadBoth(in);
        for (int i = 0; i < 8; i++) {
          put(result, i, 4, element(second, (int) element(first, i, 4) & 7, 4));
        }
        vectors.store(in);
      }
      case VPERM2I128 -> {
        vectors.loadBoth(in);
        permuteHalves((int) in.immediate);
        vectors.store(in);
      }
      default -> extend(in);
    }
  }

  /** VPERM2I128 and VPERM2F128. */
  void permuteHalves(int control) {
    for (int half = 0; half < 2; half++) {
      int selector = control >>> (4 * half);
      long[] from = (selector & 2) != 0 ? second : first;
      int at = (selector & 1) * 2;
      boolean zero = (selector & 8) != 0;
      result[2 * half] = zero ? 0 : from[at];
      result[2 * half + 1] = zero ? 0 : from[at + 1];
    }
  }

  private void blendBy(Instruction in, int bytes, long mask) {
    vectors.loadBoth(in);
    for (int i = 0; i < in.operandSize / bytes; i++) {
      put(result, i, bytes, element((mask >>> i & 1) != 0 ? second : first, i, bytes));
    }
    vectors.store(in);
  }

  private void blendByMask(Instruction in, int register) {
    vectors.loadBoth(in);
    vectors.fetch(register, in.operandSize, result);
    for (int i = 0; i < in.operandSize; i++) {
      boolean takes = element(result, i, 1) >= 0x80;
      put(result, i, 1, element(takes ? second : first, i, 1));
    }
    vectors.store(in);
  }

  // ---- Extension -----------------------------------------------------------------------------

  private void extend(Instruction in) {
    switch (in.op) {
      case PMOVSXBW -> extend(in, 1, 2, true);
      case PMOVSXBD -> extend(in, 1, 4, true);
      case PMOVSXBQ -> extend(in, 1, 8, true);
      case PMOVSXWD -> extend(in, 2, 4, true);
      case PMOVSXWQ -> extend(in, 2, 8, true);
      case PMOVSXDQ -> extend(in, 4, 8, true);
      case PMOVZXBW -> extend(in, 1, 2, false);
      case PMOVZXBD -> extend(in, 1, 4, false);
      case PMOVZXBQ -> extend(in, 1, 8, false);
      case PMOVZXWD -> extend(in, 2, 4, false);
      case PMOVZXWQ -> extend(in, 2, 8, false);
      case PMOVZXDQ -> extend(in, 4, 8, false);
      default -> insert(in);
    }
  }

  private void extend(Instruction in, int from, int to, boolean signed) {
    int size = in.operandSize * from / to;
    if (in.isMemory) {
      vectors.loadMemory(in, size, false);
    } else {
      vectors.fetch(in.rm, XMM, second);
    }
    for (int i = 0; i < in.operandSize / to; i++) {
      put(result, i, to, signed ? signedElement(second, i, from) : element(second, i, from));
    }
    vectors.store(in);
  }

  // ---- Single elements and masks -------------------------------------------------------------

  private void insert(Instruction in) {
    switch (in.op) {
      case PINSRB -> insert(in, 1);
      case PINSRW -> insert(in, 2);
      case PINSRD -> insert(in, in.operandSize);
      case PEXTRB -> extract(in, 1);
      case PEXTRW_RM_V -> extract(in, 2);
      case PEXTRD -> extract(in, in.operandSize);
      case PEXTRW_R_V -> {
        vectors.fetch(in.rm, XMM, second);
        operands.setRegister(in.reg, 4, element(second, (int) in.immediate & 7, 2));
      }
      case PEXTRW_R_P -> {
        vectors.fetch(in.rm, 8, second);
        operands.setRegister(in.reg, 4, element(second, (int) in.immediate & 3, 2));
        vectors.enterMmx();
      }
      default -> test(in);
    }
  }

  /** The operand size of PINSRW says whether its register is MMX or XMM. */
  private void insert(Instruction in, int bytes) {
    boolean mmx = in.op == Op.PINSRW && in.row != null && in.row.namesMmx();
    int size = mmx ? 8 : XMM;
    long value = operands.load(in, bytes);
    vectors.fetch(mmx ? in.reg : in.vvvv, size, result);
    put(result, (int) in.immediate & size / bytes - 1, bytes, value);
    vectors.set(in.reg, size, in.vex, result);
  }

  /** To memory as many bytes, to a register zero-extended. */
  private void extract(Instruction in, int bytes) {
    vectors.fetch(in.reg, XMM, second);
    long value = element(second, (int) in.immediate & XMM / bytes - 1, bytes);
    operands.store(in, in.isMemory ? bytes : Math.max(4, bytes), value);
  }

  private void test(Instruction in) {
    switch (in.op) {
      case PMOVMSKB -> {
        boolean mmx = in.operandSize == 8;
        vectors.fetch(in.rm, in.operandSize, second);
        long mask = 0;
        for (int i = 0; i < in.operandSize; i++) {
          mask |= (element(second, i, 1) >>> 7) << i;
        }
        operands.setRegister(in.reg, 8, mask);
        if (mmx) {
          vectors.enterMmx();
        }
      }
      case PTEST -> {
        vectors.fetch(in.reg, in.operandSize, first);
        vectors.load(in, in.operandSize, false);
        long both = 0;
        long only = 0;
        for (int i = 0; i < in.operandSize / 8; i++) {
          both |= first[i] & second[i];
          only |= ~first[i] & second[i];
        }
        long flags = (both == 0 ? CpuState.ZF : 0) | (only == 0 ? CpuState.CF : 0);
        operands.state.status.set(flags);
      }
      case PHMINPOSUW -> {
        vectors.load(in, XMM, false);
        int least = 0;
        for (int i = 1; i < 8; i++) {
          least = element(second, i, 2) < element(second, least, 2) ? i : least;
        }
        vectors.setXmm(in.reg, in.vex, element(second, least, 2) | (long) least << 16, 0);
      }
      case MPSADBW -> sumsOfDifferences(in);
      default -> {
        if (!text.execute(in)) {
          throw vectors.notModelled(in);
        }
      }
    }
  }

  /** MPSADBW: eight sums of four differences against one block of the second operand. */
  private void sumsOfDifferences(Instruction in) {
    vectors.loadBoth(in);
    for (int lane = 0; lane < in.operandSize / XMM; lane++) {
      int control = (int) in.immediate >>> (3 * lane);
      int block = XMM * lane + (control & 3) * 4;
      int start = XMM * lane + (control >>> 2 & 1) * 4;
      for (int i = 0; i < 8; i++) {
        long sum = 0;
        for (int j = 0; j < 4; j++) {
          sum += Math.abs(element(first, start + i + j, 1) - element(second, block + j, 1));
        }
        put(result, 8 * lane + i, 2, sum);
      }
    }
    vectors.store(in);
  }
}
