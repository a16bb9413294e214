package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.InstructionClass;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.util.List;

/**
 * Decoded instructions that follow one another in a page and run one after another: only the last
 * can transfer control or change what the next ones mean.
 */
final class Block {
  final Instruction[] code;
  final CodeMode mode;

  /** {@code prices[i]}: base costs of the first {@code i} instructions, in cycles. */
  final long[] prices;

  /** Bytes before the last instruction, and of all. */
  final int last;

  final int length;

  /** Whether what follows runs in the same context: mode, privilege, segments, events. */
  final boolean keepsContext;

  /** Whether the last instruction retires itself, as the sensitive ones do. */
  final boolean lastRetiresItself;

  /** False once a store has changed the page. */
  boolean valid = true;

  Block(List<Instruction> instructions, CodeMode mode, CostModel costs) {
    code = instructions.toArray(new Instruction[0]);
    this.mode = mode;
    prices = new long[code.length + 1];
    for (int i = 0; i < code.length; i++) {
      prices[i + 1] = prices[i] + costs.instruction(priceClass(code[i]));
    }
    int bytes = 0;
    for (Instruction in : instructions) {
      bytes += in.length;
    }
    length = bytes;
    last = bytes - code[code.length - 1].length;
    Op ending = code[code.length - 1].op;
    keepsContext = !changesContext(ending);
    lastRetiresItself = retiresItself(ending);
  }

  /** The number of instructions before the one that lies {@code distance} bytes from the start. */
  int indexAt(int distance) {
    int index = 0;
    for (int at = 0; at < distance; at += code[index++].length) {
      if (index == code.length) {
        throw new IllegalStateException("no instruction at byte " + distance + " of a block");
      }
    }
    return index;
  }

  /** Whether a block ends with this operation. */
  static boolean ends(Op op) {
    return op.group() == Op.Group.BRANCH || op.group() == Op.Group.NONE || changesContext(op);
  }

  private static boolean changesContext(Op op) {
    return switch (op.group()) {
      case SYSTEM, VMX, SHADOW_STACK, STATE, NONE -> true;
      case BRANCH ->
          switch (op) {
            case J_CC, JMP_J, JMP_RM, CALL_J, CALL_RM, RET, LOOP, LOOPE, LOOPNE, JCXZ -> false;
            default -> true;
          };
      default ->
          switch (op) {
            case MOV_S_RM, POP_S, LES, LDS, LSS, LFS, LGS -> true;
            case POPF, CLI, STI, CLAC, STAC, INS, OUTS, PAUSE -> true;
            default -> false;
          };
    };
  }

  /** Operations that {@link io.vmxsim.cpu.SensitiveInstructions} carries out and prices. */
  private static boolean retiresItself(Op op) {
    return switch (op) {
      case IN_I, IN_DX, OUT_I, OUT_DX, CPUID, RDTSC, RDTSCP, RDPMC, RDRAND, RDSEED -> true;
      case RDMSR, WRMSR, MOV_R_CR, MOV_CR_R, MOV_R_DR, MOV_DR_R, CLTS, LMSW -> true;
      case INVLPG, INVPCID, INVD, WBINVD, WBNOINVD, HLT, MONITOR, MWAIT, XSETBV, PAUSE -> true;
      default -> false;
    };
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private static int priceClass(Instruction in) {
    InstructionClass priced =
        switch (in.op) {
          case SYSCALL, SYSRET, SYSENTER, SYSEXIT -> InstructionClass.SYSCALL;
          case SWAPGS -> InstructionClass.SWAPGS;
          case SMSW -> InstructionClass.MOV_FROM_CR;
          case LGDT, LIDT, SGDT, SIDT, SLDT, STR, LLDT, LTR -> InstructionClass.DESCRIPTOR_TABLE;
          default ->
              in.lock
                  ? InstructionClass.LOCKED
                  : in.op.group() == Op.Group.BRANCH
                      ? InstructionClass.BRANCH
                      : InstructionClass.SIMPLE;
        };
    return priced.ordinal();
  }
}
