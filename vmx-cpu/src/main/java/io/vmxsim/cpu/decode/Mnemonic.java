package io.vmxsim.cpu.decode;

import java.util.List;

/** The mnemonic of an operation at the size it works on, as SDM volume 2 writes it. */
final class Mnemonic {
  private static final List<String> CONDITIONS =
      List.of(
          "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g");

  private Mnemonic() {}

  static String of(Instruction in, OpcodeRow row) {
    String stem = row.op.mnemonic();
    return switch (row.op) {
      case J_CC, SET_CC, CMOV_CC -> stem + CONDITIONS.get(in.condition());
      case MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS ->
          stem + bySize(in.operandSize, "b", "w", "d", "q");
      case CBW -> bySize(in.operandSize, "", "cbw", "cwde", "cdqe");
      case CWD -> bySize(in.operandSize, "", "cwd", "cdq", "cqo");
      case PUSHF, POPF, IRET -> stem + bySize(in.operandSize, "", "", "d", "q");
      case PUSHA, POPA -> stem + bySize(in.operandSize, "", "", "d", "");
      case SYSRET, SYSEXIT -> stem + bySize(in.operandSize, "", "", "", "q");
      case PUSH_I, PUSH_S, POP_S, CALL_J, JMP_J, RET, RETF, ENTER, LEAVE, SGDT, SIDT, LGDT, LIDT ->
          suffixed(in, row, stem);
      case JCXZ -> bySize(in.addressSize, "", "jcxz", "jecxz", "jrcxz");
      case FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS ->
          stem + bySize(in.operandSize, "", "", "", "64");
      case CALL_FAR_P, JMP_FAR_P -> suffixed(in, row, stem) + " far";
      case CALL_FAR_M, JMP_FAR_M -> stem + " far";
      case MOVD_V_E, MOVD_E_V, MOVD_P_E, MOVD_E_P ->
          bySize(in.y, "", "", vex(in, "movd"), vex(in, "movq"));
      case PEXTRD -> vex(in, bySize(in.y, "", "", "pextrd", "pextrq"));
      case PINSRD -> vex(in, bySize(in.y, "", "", "pinsrd", "pinsrq"));
      default -> isVectorOperation(row) ? vex(in, stem) : stem;
    };
  }

  /** Says the operand size where no operand does and it is not the one without a prefix. */
  private static String suffixed(Instruction in, OpcodeRow row, String stem) {
    int implied =
        switch (in.mode) {
          case BITS16 -> 2;
          case BITS32 -> 4;
          case BITS64 -> row.default64 || row.forced64 ? 8 : 4;
        };
    return in.v == implied ? stem : stem + bySize(in.v, "", "w", "d", "q");
  }

  private static boolean isVectorOperation(OpcodeRow row) {
    return switch (row.op.group()) {
      case SIMD_MOVE, SIMD_INTEGER, SIMD_CRYPTO, STATE -> true;
      case SIMD_FLOAT, SIMD_ESTIMATE, SIMD_COMPARE, SIMD_CONVERT, SIMD_FUSED -> true;
      case SIMD_FLOAT_SHUFFLE -> true;
      default -> false;
    };
  }

  /** VEX-encoded forms of SSE instructions begin with a V, if AVX is not where they began. */
  private static String vex(Instruction in, String stem) {
    return in.vex && !stem.startsWith("v") ? "v" + stem : stem;
  }

  private static String bySize(int bytes, String one, String two, String four, String eight) {
    return switch (bytes) {
      case 1 -> one;
      case 2 -> two;
      case 4 -> four;
      default -> eight;
    };
  }
}
