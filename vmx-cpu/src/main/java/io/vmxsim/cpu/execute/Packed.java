package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * The frequent instructions of 64-bit code in one long each, which {@link PackedInterpreter} runs.
 * What has no form here is {@link #PLAIN}, and runs from its {@link Instruction}.
 *
 * <pre>
 *   7:0   form: what to do, and whether the operands are registers (R), an immediate (I) or in
 *         memory (M), destination first
 *  12:8   register: the destination, or the source where the destination is in memory
 *  17:13  the other register, or the base of the address
 *  22:18  index of the address
 *  24:23  scale
 *  28:25  operand size in bytes
 *  63:32  displacement
 * </pre>
 *
 * <p>An address relative to RIP is relative to the start of the block instead, whose RIP is in a
 * register of its own; so are targets of branches, which stand with the immediates.
 */
final class Packed {
  static final int PLAIN = 0;

  /** The register that holds the RIP of the first instruction of the block. */
  static final int BLOCK = 18;

  // Of the arithmetic forms, the operation is what is added to the first of a kind.
  static final int ADD = 0;
  static final int OR = 1;
  static final int AND = 2;
  static final int SUB = 3;
  static final int XOR = 4;
  static final int CMP = 5;
  static final int TEST = 6;
  private static final int OPERATIONS = 7;

  // Three groups, by what the operands are and so what is to be done first.

  /** Registers and immediates. */
  static final int ALU_RR = 1;

  static final int ALU_RI = ALU_RR + OPERATIONS;
  static final int MOV_RR = ALU_RI + OPERATIONS;
  static final int MOV_RI = MOV_RR + 1;
  static final int MOVZX_8 = MOV_RI + 1;
  static final int MOVZX_16 = MOVZX_8 + 1;
  static final int MOVSXD = MOVZX_16 + 1;
  static final int INC = MOVSXD + 1;
  static final int DEC = INC + 1;
  static final int SHL = DEC + 1;
  static final int SHR = SHL + 1;
  static final int SAR = SHR + 1;
  static final int SET_CC = SAR + 1;
  static final int CMOV = SET_CC + 1;
  static final int IMUL = CMOV + 1;
  static final int NOP = IMUL + 1;

  /** From here on, with an address. */
  static final int MEMORY = 64;

  static final int ALU_RM = MEMORY;
  static final int ALU_MR = ALU_RM + OPERATIONS;
  static final int ALU_MI = ALU_MR + OPERATIONS;
  static final int LOAD = ALU_MI + OPERATIONS;
  static final int LOAD_8 = LOAD + 1;
  static final int LOAD_16 = LOAD_8 + 1;
  static final int STORE = LOAD_16 + 1;
  static final int STORE_8 = STORE + 1;
  static final int STORE_I = STORE_8 + 1;
  static final int LEA = STORE_I + 1;

  /** From here on, of the stack and branches. */
  static final int FLOW = 128;

  static final int PUSH = FLOW;
  static final int POP = PUSH + 1;
  static final int JMP = POP + 1;
  static final int CALL = JMP + 1;
  static final int RET = CALL + 1;
  static final int JMP_R = RET + 1;
  static final int CALL_R = JMP_R + 1;

  /** Sixteen, by condition. */
  static final int JCC = CALL_R + 1;

  private Packed() {}

  /**
   * Packs an instruction of a block.
   *
   * @param end where it ends, in bytes from the start of the block
   */
  static long pack(Instruction in, int end) {
    int form = form(in);
    if (form == PLAIN) {
      return PLAIN;
    }
    boolean memory = in.isMemory;
    boolean registerFirst = memory || takesRegisterFirst(in.op);
    int first = registerFirst ? in.reg : in.rm;
    int second = memory ? in.base : registerFirst ? in.rm : in.reg;
    long displacement = in.displacement;
    if (memory && in.base == Instruction.RIP) {
      second = BLOCK;
      displacement += end;
    }
    if (memory && displacement != (int) displacement) {
      return PLAIN;
    }
    return form
        | (first & 31L) << 8
        | (second & 31L) << 13
        | (in.index & 31L) << 18
        | (long) in.scale << 23
        | (long) in.operandSize << 25
        | (memory ? displacement << 32 : 0);
  }

  /** The constant that goes with a packed instruction. */
  static long constant(Instruction in, int end) {
    return switch (in.op) {
      case J_CC, JMP_J, CALL_J -> in.immediate + end;
      case SET_CC, CMOV_CC -> in.condition();
      case SHL_RM_I, SHR_RM_I, SAR_RM_I -> count(in);
      default -> in.immediate;
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

  private static int form(Instruction in) {
    boolean plain =
        in.mode != CodeMode.BITS64
            || (in.isMemory && (in.addressSize != 8 || in.segment >= Instruction.FS));
    return plain ? PLAIN : arithmetic(in);
  }

  private static int arithmetic(Instruction in) {
    return switch (in.op) {
      case ADD_RM_R -> memoryOrRegister(in, ADD);
      case OR_RM_R -> memoryOrRegister(in, OR);
      case AND_RM_R -> memoryOrRegister(in, AND);
      case SUB_RM_R -> memoryOrRegister(in, SUB);
      case XOR_RM_R -> memoryOrRegister(in, XOR);
      case CMP_RM_R -> memoryOrRegister(in, CMP);
      case TEST_RM_R -> memoryOrRegister(in, TEST);
      case ADD_R_RM -> register(in, ADD);
      case OR_R_RM -> register(in, OR);
      case AND_R_RM -> register(in, AND);
      case SUB_R_RM -> register(in, SUB);
      case XOR_R_RM -> register(in, XOR);
      case CMP_R_RM -> register(in, CMP);
      case ADD_RM_I -> immediate(in, ADD);
      case OR_RM_I -> immediate(in, OR);
      case AND_RM_I -> immediate(in, AND);
      case SUB_RM_I -> immediate(in, SUB);
      case XOR_RM_I -> immediate(in, XOR);
      case CMP_RM_I -> immediate(in, CMP);
      case TEST_RM_I -> immediate(in, TEST);
      default -> move(in);
    };
  }

  private static int memoryOrRegister(Instruction in, int operation) {
    return in.isMemory ? memory(in, ALU_MR + operation) : register(in, operation);
  }

  private static int register(Instruction in, int operation) {
    return in.isMemory ? memory(in, ALU_RM + operation) : registers(in, ALU_RR + operation);
  }

  private static int immediate(Instruction in, int operation) {
    return in.isMemory ? wide(in, ALU_MI + operation) : registers(in, ALU_RI + operation);
  }

  /** A form for operands of 4 or 8 bytes: smaller ones leave a part of their register alone. */
  private static int wide(Instruction in, int form) {
    return in.operandSize >= 4 ? form : PLAIN;
  }

  private static int registers(Instruction in, int form) {
    return in.isMemory ? PLAIN : wide(in, form);
  }

  private static int memory(Instruction in, int form) {
    return in.isMemory ? wide(in, form) : PLAIN;
  }

  private static int move(Instruction in) {
    return switch (in.op) {
      case MOV_R_RM -> in.isMemory ? wide(in, LOAD) : wide(in, MOV_RR);
      case MOV_RM_R -> in.isMemory ? store(in) : wide(in, MOV_RR);
      case MOV_RM_I -> in.isMemory ? wide(in, STORE_I) : wide(in, MOV_RI);
      case MOVZX_8 ->
          wide(in, in.isMemory ? LOAD_8 : in.rm < Instruction.HIGH_BYTE ? MOVZX_8 : PLAIN);
      case MOVZX_16 -> wide(in, in.isMemory ? LOAD_16 : MOVZX_16);
      case MOVSXD -> in.operandSize == 8 && !in.isMemory ? MOVSXD : PLAIN;
      case LEA -> wide(in, LEA);
      case CMOV_CC -> registers(in, CMOV);
      case SET_CC -> !in.isMemory && in.rm < Instruction.HIGH_BYTE ? SET_CC : PLAIN;
      case IMUL_R_RM -> registers(in, IMUL);
      case INC -> registers(in, INC);
      case DEC -> registers(in, DEC);
      case SHL_RM_I -> shift(in, SHL);
      case SHR_RM_I -> shift(in, SHR);
      case SAR_RM_I -> shift(in, SAR);
      default -> transfer(in);
    };
  }

  private static int store(Instruction in) {
    boolean byteStore = in.operandSize == 1 && in.reg < Instruction.HIGH_BYTE;
    return byteStore ? STORE_8 : wide(in, STORE);
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
      case POP_RM -> registers(in, POP);
      case JMP_J -> JMP;
      case CALL_J -> CALL;
      case RET -> RET;
      case JMP_RM -> registers(in, JMP_R);
      case CALL_RM -> registers(in, CALL_R);
      case J_CC -> JCC + in.condition();
      default -> PLAIN;
    };
  }
}
