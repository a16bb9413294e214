package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * The frequent instructions of 64-bit code in one long each, which {@link PackedInterpreter} runs.
 * What has no form here is {@link #PLAIN}, and runs from its {@link Instruction}.
 *
 * <pre>
 *   7:0   form: what to do
 *  12:8   first register: the destination, or the source where the destination is in memory
 *  17:13  second register, or the base of the address
 *  22:18  index of the address, or a condition
 *  24:23  scale
 *  28:25  operand size in bytes; that in memory if there is one
 *  63:32  displacement
 * </pre>
 *
 * <p>A constant goes with it. Where a form takes a register and a constant it takes their sum: one
 * of them is 0.
 *
 * <p>An address relative to RIP is relative to the start of the block instead, whose RIP is in a
 * register of its own; so are targets of branches, which stand with the immediates.
 */
final class Packed {
  static final int PLAIN = 0;

  /** The register that holds the RIP of the first instruction of the block. */
  static final int BLOCK = 18;

  static final int NOP = 1;

  // Three groups, by what the operands are and so what is to be done first.

  /** An arithmetic operation of {@link AluOperations} is added: first, and second or constant. */
  static final int ALU = 8;

  static final int MOV = 16;
  static final int MOVZX_8 = 17;
  static final int MOVZX_16 = 18;
  static final int MOVSXD = 19;
  static final int INC = 20;
  static final int DEC = 21;
  static final int SHL = 22;
  static final int SHR = 23;
  static final int SAR = 24;
  static final int SET_CC = 25;
  static final int CMOV = 26;
  static final int IMUL = 27;

  /** From here on, with an address. */
  static final int MEMORY = 32;

  /** The operation is added: first register and memory. */
  static final int ALU_RM = 32;

  /** The operation is added: memory, and first register or constant. */
  static final int ALU_MR = 40;

  static final int LOAD = 48;
  static final int STORE = 49;
  static final int LEA = 50;

  /** From here on, of the stack and branches. */
  static final int FLOW = 64;

  static final int JCC = 64;
  static final int JMP = 65;
  static final int CALL = 66;
  static final int RET = 67;
  static final int PUSH = 68;
  static final int POP = 69;

  private Packed() {}

  /**
   * Packs an instruction of a block.
   *
   * @param end where it ends, in bytes from the start of the block
   */
  static long pack(Instruction in, int end) {
    int form = form(in);
    long displacement = in.displacement;
    if (form == PLAIN || form == NOP) {
      return form;
    }
    if (in.isMemory && in.base == Instruction.RIP) {
      displacement += end;
    }
    if (in.isMemory && displacement != (int) displacement) {
      return PLAIN;
    }
    return form
        | (first(in, form) & 31L) << 8
        | (second(in) & 31L) << 13
        | (index(in, form) & 31L) << 18
        | (long) in.scale << 23
        | size(in) << 25
        | (in.isMemory ? displacement << 32 : 0);
  }

  /** The constant that goes with a packed instruction. */
  static long constant(Instruction in, int end) {
    return switch (in.op) {
      case J_CC, JMP_J, CALL_J -> in.immediate + end;
      case SHL_RM_I, SHR_RM_I, SAR_RM_I -> count(in);
      default -> in.immediate;
    };
  }

  private static int first(Instruction in, int form) {
    boolean fromConstant = in.isMemory || form == PUSH;
    return takesConstant(in.op) && fromConstant
        ? Instruction.NO_REGISTER
        : in.isMemory || takesRegisterFirst(in.op) ? in.reg : in.rm;
  }

  private static int second(Instruction in) {
    if (in.isMemory) {
      return in.base == Instruction.RIP ? BLOCK : in.base;
    }
    return switch (in.op) {
      case J_CC, JMP_J, CALL_J -> BLOCK;
      case JMP_RM, CALL_RM -> in.rm;
      case ADD_RM_R, OR_RM_R, AND_RM_R, SUB_RM_R, XOR_RM_R, CMP_RM_R, TEST_RM_R, MOV_RM_R -> in.reg;
      default -> takesRegisterFirst(in.op) ? in.rm : Instruction.NO_REGISTER;
    };
  }

  private static int index(Instruction in, int form) {
    return form == JCC || form == SET_CC || form == CMOV ? in.condition() : in.index;
  }

  private static long size(Instruction in) {
    return switch (in.op) {
      case MOVZX_8 -> in.isMemory ? 1 : in.operandSize;
      case MOVZX_16 -> in.isMemory ? 2 : in.operandSize;
      case SET_CC -> 8; // of the whole register, which it mostly leaves alone
      default -> in.operandSize;
    };
  }

  static int first(long word) {
    return (int) (word >>> 8) & 31;
  }

  static int second(long word) {
    return (int) (word >>> 13) & 31;
  }

  static int index(long word) {
    return (int) (word >>> 18) & 31;
  }

  static int scale(long word) {
    return (int) (word >>> 23) & 3;
  }

  static int size(long word) {
    return (int) (word >>> 25) & 15;
  }

  static int displacement(long word) {
    return (int) (word >> 32);
  }

  private static boolean takesRegisterFirst(Op op) {
    return switch (op) {
      case ADD_R_RM, OR_R_RM, AND_R_RM, SUB_R_RM, XOR_R_RM, CMP_R_RM -> true;
      case MOV_R_RM, MOVZX_8, MOVZX_16, MOVSXD, CMOV_CC, IMUL_R_RM -> true;
      default -> false;
    };
  }

  private static boolean takesConstant(Op op) {
    return switch (op) {
      case ADD_RM_I, OR_RM_I, AND_RM_I, SUB_RM_I, XOR_RM_I, CMP_RM_I, TEST_RM_I -> true;
      case MOV_RM_I, SHL_RM_I, SHR_RM_I, SAR_RM_I, PUSH_I -> true;
      default -> false;
    };
  }

  private static int form(Instruction in) {
    boolean plain =
        in.mode != CodeMode.BITS64
            || (in.isMemory && (in.addressSize != 8 || in.segment >= Instruction.FS));
    return plain ? PLAIN : arithmetic(in);
  }

  private static int arithmetic(Instruction in) {
    return switch (in.op) {
      case ADD_RM_R, ADD_RM_I -> memoryFirst(in, AluOperations.ADD);
      case OR_RM_R, OR_RM_I -> memoryFirst(in, AluOperations.OR);
      case AND_RM_R, AND_RM_I -> memoryFirst(in, AluOperations.AND);
      case SUB_RM_R, SUB_RM_I -> memoryFirst(in, AluOperations.SUB);
      case XOR_RM_R, XOR_RM_I -> memoryFirst(in, AluOperations.XOR);
      case CMP_RM_R, CMP_RM_I -> memoryFirst(in, AluOperations.CMP);
      case TEST_RM_R, TEST_RM_I -> memoryFirst(in, AluOperations.TEST);
      case ADD_R_RM -> registerFirst(in, AluOperations.ADD);
      case OR_R_RM -> registerFirst(in, AluOperations.OR);
      case AND_R_RM -> registerFirst(in, AluOperations.AND);
      case SUB_R_RM -> registerFirst(in, AluOperations.SUB);
      case XOR_R_RM -> registerFirst(in, AluOperations.XOR);
      case CMP_R_RM -> registerFirst(in, AluOperations.CMP);
      default -> move(in);
    };
  }

  private static int memoryFirst(Instruction in, int operation) {
    // Comparisons leave no part of a register alone, so they may be of any size.
    boolean anySize =
        operation >= AluOperations.CMP
            && (takesConstant(in.op) || in.reg < Instruction.HIGH_BYTE)
            && (in.isMemory || in.rm < Instruction.HIGH_BYTE);
    int form = (in.isMemory ? ALU_MR : ALU) + operation;
    return anySize ? form : wide(in, form);
  }

  private static int registerFirst(Instruction in, int operation) {
    return wide(in, (in.isMemory ? ALU_RM : ALU) + operation);
  }

  /** A form for operands of 4 or 8 bytes: smaller ones leave a part of their register alone. */
  private static int wide(Instruction in, int form) {
    return in.operandSize >= 4 ? form : PLAIN;
  }

  private static int registers(Instruction in, int form) {
    return in.isMemory ? PLAIN : wide(in, form);
  }

  private static int move(Instruction in) {
    return switch (in.op) {
      case MOV_R_RM -> wide(in, in.isMemory ? LOAD : MOV);
      case MOV_RM_R -> in.isMemory && in.reg < Instruction.HIGH_BYTE ? STORE : registers(in, MOV);
      case MOV_RM_I -> in.isMemory ? STORE : wide(in, MOV);
      case MOVZX_8 -> in.isMemory ? wide(in, LOAD) : low(in, MOVZX_8);
      case MOVZX_16 -> wide(in, in.isMemory ? LOAD : MOVZX_16);
      case MOVSXD -> in.operandSize == 8 ? registers(in, MOVSXD) : PLAIN;
      case LEA -> wide(in, LEA);
      case CMOV_CC -> registers(in, CMOV);
      case SET_CC -> in.isMemory || in.rm >= Instruction.HIGH_BYTE ? PLAIN : SET_CC;
      case IMUL_R_RM -> registers(in, IMUL);
      case INC -> registers(in, INC);
      case DEC -> registers(in, DEC);
      case SHL_RM_I -> shift(in, SHL);
      case SHR_RM_I -> shift(in, SHR);
      case SAR_RM_I -> shift(in, SAR);
      default -> transfer(in);
    };
  }

  private static int low(Instruction in, int form) {
    return in.rm < Instruction.HIGH_BYTE ? wide(in, form) : PLAIN;
  }

  private static int count(Instruction in) {
    return (int) in.immediate & (in.operandSize == 8 ? 63 : 31);
  }

  private static int shift(Instruction in, int form) {
    return count(in) == 0 ? PLAIN : registers(in, form);
  }

  private static int transfer(Instruction in) {
    if (in.op == Op.NOP) {
      return NOP;
    }
    if (in.operandSize != 8) {
      return PLAIN;
    }
    return switch (in.op) {
      case PUSH_RM -> registers(in, PUSH);
      case PUSH_I -> PUSH;
      case POP_RM -> registers(in, POP);
      case J_CC -> JCC;
      case JMP_J -> JMP;
      case JMP_RM -> registers(in, JMP);
      case CALL_J -> CALL;
      case CALL_RM -> registers(in, CALL);
      case RET -> RET;
      default -> PLAIN;
    };
  }
}
