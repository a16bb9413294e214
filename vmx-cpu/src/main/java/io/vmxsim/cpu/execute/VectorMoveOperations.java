package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Data transfer between vector registers, general registers and memory ("SSE Data Transfer
 * Instructions", volume 1, 5.5.1.1, and its kin for MMX, SSE2, SSE3, AVX and AVX2).
 */
final class VectorMoveOperations {
  private static final int XMM = 16;
  private static final long LOW_32 = 0xffffffffL;

  private final VectorOperands vectors;
  private final Operands operands;
  private final ExtendedState extended;
  private final GatherOperations gathers;
  private final long[] result;
  private final long[] second;

  VectorMoveOperations(VectorOperands vectors) {
    this.vectors = vectors;
    operands = vectors.operands;
    extended = vectors.extended;
    gathers = new GatherOperations(vectors);
    result = vectors.result;
    second = vectors.second;
  }

  void execute(Instruction in) {
    vectors.requireFor(in, isMmx(in.op));
    int size = in.operandSize;
    switch (in.op) {
      case MOVAPS_V_W, MOVAPD_V_W, MOVDQA_V_W, MOVNTDQA -> load(in, size, true);
      case MOVUPS_V_W, MOVUPD_V_W, MOVDQU_V_W, LDDQU -> load(in, size, false);
      case MOVAPS_W_V, MOVAPD_W_V, MOVDQA_W_V, MOVNTPS, MOVNTPD, MOVNTDQ -> store(in, size, true);
      case MOVUPS_W_V, MOVUPD_W_V, MOVDQU_W_V -> store(in, size, false);
      case EMMS -> {
        extended.used = 0;
        extended.setTop(0);
      }
      case VZEROUPPER -> zero(2);
      case VZEROALL -> zero(0);
      case MOVQ2DQ -> {
        long value = extended.significands[in.rm];
        vectors.enterMmx();
        vectors.setXmm(in.reg, false, value, 0);
      }
      case MOVDQ2Q -> vectors.setMmx(in.reg, vectors.low(in.rm));
      default -> moveScalar(in);
    }
  }

  private static boolean isMmx(Op op) {
    return switch (op) {
      case EMMS, MOVQ2DQ, MOVDQ2Q, MOVD_P_E, MOVQ_P_Q, MOVD_E_P, MOVQ_Q_P, MOVNTQ, MASKMOVQ -> true;
      default -> false;
    };
  }

  private void load(Instruction in, int size, boolean aligned) {
    if (in.isMemory) {
      vectors.loadMemory(in, size, aligned);
    } else {
      vectors.fetch(in.rm, size, second);
    }
    vectors.set(in.reg, size, in.vex, second);
  }

  private void store(Instruction in, int size, boolean aligned) {
    vectors.fetch(in.reg, size, second);
    if (in.isMemory) {
      vectors.storeMemory(in, size, aligned, second);
    } else {
      vectors.set(in.rm, size, in.vex, second);
    }
  }

  /** From long {@code from} of each vector register on: zero, as many registers as the mode has. */
  private void zero(int from) {
    int count = operands.segments.bits64() ? 16 : 8;
    for (int i = 0; i < count; i++) {
      for (int part = from; part < ExtendedState.VECTOR; part++) {
        extended.vectors[i * ExtendedState.VECTOR + part] = 0;
      }
    }
  }

  // ---- Scalars -------------------------------------------------------------------------------

  private void moveScalar(Instruction in) {
    switch (in.op) {
      case MOVD_P_E -> {
        long value = operands.load(in);
        vectors.setMmx(in.reg, Val.zeroExtend(value, in.operandSize));
      }
      case MOVD_V_E -> {
        long value = operands.load(in);
        vectors.setXmm(in.reg, in.vex, Val.zeroExtend(value, in.operandSize), 0);
      }
      case MOVD_E_P -> {
        extended.setTop(0); // also where the store faults
        operands.store(in, extended.significands[in.reg]);
        vectors.enterMmx();
      }
      case MOVD_E_V -> operands.store(in, vectors.low(in.reg));
      case MOVQ_P_Q -> {
        vectors.load(in, 8, true);
        vectors.setMmx(in.reg, second[0]);
      }
      case MOVQ_Q_P, MOVNTQ -> {
        second[0] = extended.significands[in.reg];
        if (in.isMemory) {
          extended.setTop(0);
          vectors.storeMemory(in, 8, false, second);
          vectors.enterMmx();
        } else {
          vectors.setMmx(in.rm, second[0]);
        }
      }
      case MOVQ_V_W -> {
        vectors.load(in, 8, false);
        vectors.setXmm(in.reg, in.vex, second[0], 0);
      }
      case MOVQ_W_V -> {
        if (in.isMemory) {
          storeLong(in, vectors.low(in.reg), 8);
        } else {
          vectors.setXmm(in.rm, in.vex, vectors.low(in.reg), 0);
        }
      }
      default -> moveElement(in);
    }
  }

  private void storeLong(Instruction in, long value, int size) {
    second[0] = value;
    vectors.storeMemory(in, size, false, second);
  }

  private static long mergeLow(long upper, long lower) {
    return (upper & ~LOW_32) | (lower & LOW_32);
  }

  private void moveElement(Instruction in) {
    switch (in.op) {
      case MOVSS_V_M -> {
        vectors.loadMemory(in, 4, false);
        vectors.setXmm(in.reg, in.vex, second[0], 0);
      }
      case MOVSD_V_M -> {
        vectors.loadMemory(in, 8, false);
        vectors.setXmm(in.reg, in.vex, second[0], 0);
      }
      case MOVSS_V_U -> {
        long low = mergeLow(vectors.low(in.vvvv), vectors.low(in.rm));
        vectors.setXmm(in.reg, in.vex, low, vectors.high(in.vvvv));
      }
      case MOVSD_V_U -> vectors.setXmm(in.reg, in.vex, vectors.low(in.rm), vectors.high(in.vvvv));
      case MOVSS_U_V -> {
        int base = in.vex ? in.vvvv : in.rm;
        long low = mergeLow(vectors.low(base), vectors.low(in.reg));
        vectors.setXmm(in.rm, in.vex, low, vectors.high(base));
      }
      case MOVSD_U_V -> {
        int base = in.vex ? in.vvvv : in.rm;
        vectors.setXmm(in.rm, in.vex, vectors.low(in.reg), vectors.high(base));
      }
      case MOVSS_M_V -> storeLong(in, vectors.low(in.reg), 4);
      case MOVSD_M_V, MOVLPS_M_V, MOVLPD_M_V -> storeLong(in, vectors.low(in.reg), 8);
      case MOVHPS_M_V, MOVHPD_M_V -> storeLong(in, vectors.high(in.reg), 8);
      case MOVLPS_V_M, MOVLPD_V_M -> {
        vectors.loadMemory(in, 8, false);
        vectors.setXmm(in.reg, in.vex, second[0], vectors.high(in.vvvv));
      }
      case MOVHPS_V_M, MOVHPD_V_M -> {
        vectors.loadMemory(in, 8, false);
        vectors.setXmm(in.reg, in.vex, vectors.low(in.vvvv), second[0]);
      }
      case MOVHLPS -> vectors.setXmm(in.reg, in.vex, vectors.high(in.rm), vectors.high(in.vvvv));
      case MOVLHPS -> vectors.setXmm(in.reg, in.vex, vectors.low(in.vvvv), vectors.low(in.rm));
      default -> duplicate(in);
    }
  }

  // ---- Copies of elements, masks -------------------------------------------------------------

  private void duplicate(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case MOVDDUP -> {
        vectors.load(in, size == XMM ? 8 : size, false);
        second[1] = second[0];
        second[3] = second[2];
        vectors.set(in.reg, size, in.vex, second);
      }
      case MOVSLDUP, MOVSHDUP -> {
        vectors.load(in, size, false);
        for (int i = 0; i < size / 8; i++) {
          long low = second[i] & LOW_32;
          long high = second[i] >>> 32;
          result[i] = in.op == Op.MOVSLDUP ? low | low << 32 : high | high << 32;
        }
        vectors.store(in);
      }
      case VPBROADCASTB -> broadcast(in, 1, 0x0101010101010101L);
      case VPBROADCASTW -> broadcast(in, 2, 0x0001000100010001L);
      case VPBROADCASTD, VBROADCASTSS -> broadcast(in, 4, 0x0000000100000001L);
      case VPBROADCASTQ, VBROADCASTSD -> broadcast(in, 8, 1);
      case VBROADCASTF128, VBROADCASTI128 -> {
        vectors.loadMemory(in, XMM, false);
        second[2] = second[0];
        second[3] = second[1];
        vectors.set(in.reg, size, in.vex, second);
      }
      case VINSERTF128, VINSERTI128 -> {
        vectors.fetch(in.vvvv, size, result);
        vectors.load(in, XMM, false);
        int half = (int) (in.immediate & 1) * 2;
        result[half] = second[0];
        result[half + 1] = second[1];
        vectors.store(in);
      }
      case VEXTRACTF128, VEXTRACTI128 -> {
        int from = in.reg * ExtendedState.VECTOR + (int) (in.immediate & 1) * 2;
        result[0] = extended.vectors[from];
        result[1] = extended.vectors[from + 1];
        if (in.isMemory) {
          vectors.storeMemory(in, XMM, false, result);
        } else {
          vectors.set(in.rm, XMM, true, result);
        }
      }
      case MASKMOVQ -> maskedStore(in, 8);
      case MASKMOVDQU -> maskedStore(in, XMM);
      default -> moveMasked(in);
    }
  }

  private void broadcast(Instruction in, int element, long pattern) {
    vectors.load(in, element, false);
    long all = Val.zeroExtend(second[0], element) * pattern;
    for (int i = 0; i < in.operandSize / 8; i++) {
      result[i] = all;
    }
    vectors.store(in);
  }

  /** MASKMOVQ and MASKMOVDQU: the bytes whose mask has its top bit, to DS:RDI. */
  private void maskedStore(Instruction in, int size) {
    vectors.fetch(in.reg, size, result);
    vectors.fetch(in.rm, size, second);
    long base = Val.zeroExtend(operands.register(io.vmxsim.cpu.CpuState.RDI, 8), in.addressSize);
    if (size == 8) {
      vectors.enterMmx();
    }
    for (int at = size - 8; at >= 0; at -= 8) {
      long offset = Val.zeroExtend(base + at, in.addressSize);
      operands.mem.probeStore(operands.segments.forStore(in.segment, offset, 8), 8);
    }
    for (int i = 0; i < size; i++) {
      if (((second[i / 8] >>> (8 * (i & 7))) & 0x80) != 0) {
        long offset = Val.zeroExtend(base + i, in.addressSize);
        long linear = operands.segments.forStore(in.segment, offset, 1);
        operands.mem.store(linear, 1, result[i / 8] >>> (8 * (i & 7)));
      }
    }
  }

  private void moveMasked(Instruction in) {
    switch (in.op) {
      case VMASKMOVPS_V_M, VPMASKMOVD_V_M -> loadMasked(in, 4);
      case VMASKMOVPD_V_M, VPMASKMOVQ_V_M -> loadMasked(in, 8);
      case VMASKMOVPS_M_V, VPMASKMOVD_M_V -> storeMasked(in, 4);
      case VMASKMOVPD_M_V, VPMASKMOVQ_M_V -> storeMasked(in, 8);
      default -> gathers.execute(in);
    }
  }

  private boolean isMasked(long[] mask, int at, int element) {
    return (mask[at / 8] >>> (8 * (at & 7) + 8 * element - 1) & 1) != 0;
  }

  private void loadMasked(Instruction in, int element) {
    vectors.fetch(in.vvvv, in.operandSize, vectors.first);
    java.util.Arrays.fill(result, 0);
    for (int at = 0; at < in.operandSize; at += element) {
      if (isMasked(vectors.first, at, element)) {
        long value = operands.loadPartAt(in, at, element); // of any mask, no #AC
        result[at / 8] |= value << (8 * (at & 7));
      }
    }
    vectors.store(in);
  }

  private void storeMasked(Instruction in, int element) {
    vectors.fetch(in.vvvv, in.operandSize, vectors.first);
    vectors.fetch(in.reg, in.operandSize, second);
    for (int at = 0; at < in.operandSize; at += element) {
      if (isMasked(vectors.first, at, element)) {
        operands.probePartAt(in, at, element);
      }
    }
    for (int at = 0; at < in.operandSize; at += element) {
      if (isMasked(vectors.first, at, element)) {
        operands.storePartAt(in, at, element, second[at / 8] >>> (8 * (at & 7)));
      }
    }
  }
}
