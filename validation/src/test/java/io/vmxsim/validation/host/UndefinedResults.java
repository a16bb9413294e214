package io.vmxsim.validation.host;

import static io.vmxsim.cpu.CpuState.AF;
import static io.vmxsim.cpu.CpuState.CF;
import static io.vmxsim.cpu.CpuState.OF;
import static io.vmxsim.cpu.CpuState.PF;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.SF;
import static io.vmxsim.cpu.CpuState.ZF;

import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/** What the instructions' pages in SDM volume 2 leave undefined. */
final class UndefinedResults {
  private UndefinedResults() {}

  /** The status flags that the instruction leaves undefined. */
  static long flags(Instruction in, HostState input) {
    return switch (in.op) {
      case MUL, IMUL, IMUL_R_RM, IMUL_R_RM_I -> SF | ZF | AF | PF;
      case DIV, IDIV -> StatusFlags.MASK;
      case AND_RM_R, AND_RM_I, AND_R_RM, OR_RM_R, OR_RM_I, OR_R_RM, XOR_RM_R, XOR_RM_I, XOR_R_RM ->
          AF;
      case TEST_RM_R, TEST_RM_I -> AF;
      case BT_RM_R, BT_RM_I, BTS_RM_R, BTS_RM_I, BTR_RM_R, BTR_RM_I, BTC_RM_R, BTC_RM_I ->
          OF | SF | AF | PF;
      case BSF, BSR -> CF | OF | SF | AF | PF;
      case LZCNT, TZCNT -> OF | SF | AF | PF;
      case ANDN, BLSR, BLSMSK, BLSI, BZHI -> AF | PF;
      case BEXTR -> AF | SF | PF;
      default -> shift(in, input);
    };
  }

  private static long shift(Instruction in, HostState input) {
    int count = count(in, input);
    int bits = Byte.SIZE * in.operandSize;
    long overflow = count == 1 ? 0 : OF;
    return switch (in.op) {
      case ROL_RM_I, ROL_RM_CL, ROR_RM_I, ROR_RM_CL, RCL_RM_I, RCL_RM_CL, RCR_RM_I, RCR_RM_CL ->
          count == 0 ? 0 : overflow;
      case SHL_RM_I, SHL_RM_CL, SHR_RM_I, SHR_RM_CL ->
          count == 0 ? 0 : overflow | AF | (count >= bits ? CF : 0);
      case SAR_RM_I, SAR_RM_CL -> count == 0 ? 0 : overflow | AF;
      case SHLD_I, SHLD_CL, SHRD_I, SHRD_CL -> count == 0 ? 0 : overflow | AF;
      default -> 0;
    };
  }

  private static int count(Instruction in, HostState input) {
    long raw =
        switch (in.op) {
          case ROL_RM_CL, ROR_RM_CL, RCL_RM_CL, RCR_RM_CL, SHL_RM_CL, SHR_RM_CL, SAR_RM_CL ->
              input.registers[RCX];
          case SHLD_CL, SHRD_CL -> input.registers[RCX];
          default -> in.immediate;
        };
    return (int) raw & (in.operandSize == 8 ? 63 : 31);
  }

  /**
   * Whether the destination itself is undefined: double shifts of 16 bits by more, and functions of
   * numbers outside their domain.
   */
  static boolean isResult(Instruction in, HostState input) {
    int magnitude = ((int) input.stack[1] & 0x7fff) - 0x3fff;
    return switch (in.op) {
      case F2XM1 -> magnitude > 0 || (magnitude == 0 && input.stack[0] != Long.MIN_VALUE);
      case FYL2XP1 -> magnitude >= -2; // 1 - sqrt(2)/2 is a little more
      case SHLD_I, SHLD_CL, SHRD_I, SHRD_CL -> count(in, input) > Byte.SIZE * in.operandSize;
      default -> false;
    };
  }
}
