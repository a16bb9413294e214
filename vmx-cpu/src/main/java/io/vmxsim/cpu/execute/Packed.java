package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.snapshot.Rebuilt;
import org.jspecify.annotations.Nullable;

/**
 * One of the frequent instructions of 64-bit code, made ready to run by its {@link Form}. What has
 * none is {@link Form#PLAIN}, and runs from its {@link Instruction}.
 *
 * <p>Where a form takes a register and a constant it takes their sum: one of them is 0.
 *
 * <p>An address relative to RIP is relative to the start of the block instead, whose RIP is in a
 * register of its own; so are targets of branches.
 */
@Rebuilt
final class Packed {
  /** The register that holds the RIP of the first instruction of the block. */
  static final int BLOCK = 18;

  private static final int NONE = Instruction.NO_REGISTER;

  /** What to do. */
  final Form form;

  /** The destination, or the source where the destination is in memory. */
  final byte first;

  /** The other register, or the base of the address. */
  private final byte second;

  /** Index of the address, or a condition. */
  final byte index;

  private final byte scale;

  /** Operand size in bytes, that in memory if there is one; above 4 bits, the operation. */
  private final byte sizeAndOperation;

  /** Which instruction of its block this is. */
  final byte position;

  /** Where it begins and ends, in bytes from the start of the block. */
  final short beginning;

  final short end;

  /** With the first register, what an instruction with an address takes from a register. */
  private final int immediate;

  /** Displacement, number to work with, or target. */
  final long constant;

  /** Base costs of the block up to its end, in cycles. */
  final short price;

  /** The instruction after it in the block, if any. */
  @Nullable Packed next;

  /** A block of the same page that this branch, or end of a block, has led to. */
  @Nullable Block link;

  /** What stands for an instruction that has no form, or for the end of a block. */
  Packed(Form form, int position, int end, int price) {
    this.form = form;
    this.position = (byte) position;
    this.end = (short) end;
    this.price = (short) price;
    beginning = (short) end;
    first = (byte) NONE;
    second = (byte) NONE;
    index = (byte) NONE;
    sizeAndOperation = 0;
    scale = 0;
    immediate = 0;
    constant = 0;
  }

  private Packed(Form form, Instruction in, int position, int end, int price) {
    this.form = form;
    this.position = (byte) position;
    this.end = (short) end;
    this.price = (short) price;
    beginning = (short) (end - in.length);
    first = (byte) first(in);
    second = (byte) second(in);
    index = (byte) index(in);
    scale = (byte) in.scale;
    sizeAndOperation = (byte) (operation(in) << 4 | size(in));
    immediate = in.isMemory && takesConstant(in.op) ? (int) in.immediate : 0;
    constant = constant(in, end);
  }

  /**
   * Packs an instruction of a block.
   *
   * @param position which instruction of the block
   * @param end where it ends, in bytes from the start of the block
   * @param price base costs of the block up to there, in cycles: not above 32,767
   */
  static Packed pack(Instruction in, int position, int end, int price) {
    Form form = form(in);
    return form == Form.PLAIN || form == Form.NOP
        ? new Packed(form, position, end, price)
        : new Packed(form, in, position, end, price);
  }

  /** Operand size in bytes, where the form does not say so; that in memory if there is one. */
  int size() {
    return sizeAndOperation & 15;
  }

  /** Which of {@link AluOperations#operate}, where the form does not say so. */
  int operation() {
    return sizeAndOperation >> 4;
  }

  /** What the instruction works with: a register or a number. */
  long source(PackedInterpreter on) {
    return on.register(second) + constant;
  }

  /** What goes to memory: a register or a number. */
  long stored(PackedInterpreter on) {
    return on.register(first) + immediate;
  }

  /** The effective address. */
  long address(PackedInterpreter on) {
    return on.register(second) + (on.register(index) << scale) + constant;
  }

  /** Sets the destination; the next instruction. */
  @Nullable Packed set(PackedInterpreter on, long value) {
    on.setRegister(first, value);
    return next;
  }

  private static long constant(Instruction in, int end) {
    if (in.isMemory) {
      return in.base == Instruction.RIP ? in.displacement + end : in.displacement;
    }
    return switch (in.op) {
      case J_CC, JMP_J, CALL_J -> in.immediate + end;
      case SHL_RM_I, SHR_RM_I, SAR_RM_I -> count(in);
      default -> in.immediate;
    };
  }

  private static int first(Instruction in) {
    return takesConstant(in.op) && in.isMemory
        ? NONE
        : in.isMemory || takesRegisterFirst(in.op) ? in.reg : in.rm;
  }

  private static int second(Instruction in) {
    if (in.isMemory) {
      return in.base == Instruction.RIP ? BLOCK : in.base;
    }
    return switch (in.op) {
      case J_CC, JMP_J, CALL_J -> BLOCK;
      case VMREAD, VMWRITE -> in.reg;
      case JMP_RM, CALL_RM, PUSH_RM -> in.rm;
      case ADD_RM_R,
          OR_RM_R,
          AND_RM_R,
          SUB_RM_R,
          XOR_RM_R,
          CMP_RM_R,
          TEST_RM_R,
          MOV_RM_R,
          BT_RM_R ->
          in.reg;
      default -> takesRegisterFirst(in.op) ? in.rm : NONE;
    };
  }

  private static int index(Instruction in) {
    boolean conditional = in.op == Op.SET_CC || in.op == Op.CMOV_CC;
    return conditional ? in.condition() : in.isMemory ? in.index : NONE;
  }

  private static int size(Instruction in) {
    return switch (in.op) {
      case MOVZX_8 -> in.isMemory ? 1 : in.operandSize;
      case MOVZX_16 -> in.isMemory ? 2 : in.operandSize;
      default -> in.operandSize;
    };
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

  private static int operation(Instruction in) {
    return switch (in.op) {
      case OR_RM_R, OR_RM_I, OR_R_RM -> AluOperations.OR;
      case AND_RM_R, AND_RM_I, AND_R_RM -> AluOperations.AND;
      case SUB_RM_R, SUB_RM_I, SUB_R_RM -> AluOperations.SUB;
      case XOR_RM_R, XOR_RM_I, XOR_R_RM -> AluOperations.XOR;
      case CMP_RM_R, CMP_RM_I, CMP_R_RM -> AluOperations.CMP;
      case TEST_RM_R, TEST_RM_I -> AluOperations.TEST;
      default -> AluOperations.ADD;
    };
  }

  private static Form form(Instruction in) {
    boolean plain =
        in.mode != CodeMode.BITS64
            || (in.isMemory && (in.addressSize != 8 || in.segment >= Instruction.FS));
    return plain ? Form.PLAIN : arithmetic(in);
  }

  private static Form arithmetic(Instruction in) {
    return switch (in.op) {
      case ADD_RM_R, ADD_RM_I, OR_RM_R, OR_RM_I, AND_RM_R, AND_RM_I -> memoryFirst(in);
      case SUB_RM_R, SUB_RM_I, XOR_RM_R, XOR_RM_I -> memoryFirst(in);
      case CMP_RM_R, CMP_RM_I, TEST_RM_R, TEST_RM_I -> memoryFirst(in);
      case ADD_R_RM, OR_R_RM, AND_R_RM, SUB_R_RM, XOR_R_RM, CMP_R_RM ->
          in.isMemory
              ? wide(in, Form.ALU_RM)
              : wide(in, Form.arithmetic(operation(in), in.operandSize));
      default -> move(in);
    };
  }

  private static Form memoryFirst(Instruction in) {
    int operation = operation(in);
    if (in.isMemory) {
      boolean compares = operation >= AluOperations.CMP && hasLowRegister(in);
      return compares ? Form.COMPARE_MR : in.lock ? Form.PLAIN : wide(in, Form.ALU_MR);
    }
    if (in.operandSize >= 4) {
      return Form.arithmetic(operation, in.operandSize);
    }
    // Comparisons leave no part of a register alone, so they may be of any size.
    boolean compares =
        operation >= AluOperations.CMP && hasLowRegister(in) && in.rm < Instruction.HIGH_BYTE;
    return compares ? Form.COMPARE : Form.PLAIN;
  }

  private static boolean hasLowRegister(Instruction in) {
    return takesConstant(in.op) || in.reg < Instruction.HIGH_BYTE;
  }

  /** A form for operands of 4 or 8 bytes: smaller ones leave a part of their register alone. */
  private static Form wide(Instruction in, Form form) {
    return in.operandSize >= 4 ? form : Form.PLAIN;
  }

  private static Form registers(Instruction in, Form form) {
    return in.isMemory ? Form.PLAIN : wide(in, form);
  }

  private static Form move(Instruction in) {
    boolean low = in.rm < Instruction.HIGH_BYTE;
    return switch (in.op) {
      case MOV_R_RM -> in.isMemory ? wide(in, load(in)) : wide(in, copy(in));
      case MOV_RM_R ->
          in.isMemory && in.reg < Instruction.HIGH_BYTE ? store(in) : registers(in, copy(in));
      case MOV_RM_I -> in.isMemory ? store(in) : wide(in, copy(in));
      case MOVZX_8 -> in.isMemory ? wide(in, load(in)) : low ? wide(in, Form.MOVZX_8) : Form.PLAIN;
      case MOVZX_16 -> wide(in, in.isMemory ? load(in) : Form.MOVZX_16);
      case MOVSXD -> in.operandSize == 8 ? registers(in, Form.MOVSXD) : Form.PLAIN;
      case LEA -> wide(in, Form.LEA);
      case CMOV_CC -> registers(in, Form.CMOV);
      case SET_CC -> in.isMemory || !low ? Form.PLAIN : Form.SET_CC;
      case IMUL_R_RM -> registers(in, Form.IMUL);
      case BT_RM_R, BT_RM_I -> registers(in, Form.BT);
      case NOT -> in.lock ? Form.PLAIN : in.isMemory ? Form.NOT_M : wide(in, Form.NOT);
      case XCHG_RM_R -> in.isMemory && in.operandSize == 8 ? Form.XCHG_8 : Form.PLAIN;
      case INC -> registers(in, Form.INC);
      case DEC -> registers(in, Form.DEC);
      case SHL_RM_I -> shift(in, Form.SHL);
      case SHR_RM_I -> shift(in, Form.SHR);
      case SAR_RM_I -> shift(in, Form.SAR);
      default -> transfer(in);
    };
  }

  private static Form copy(Instruction in) {
    return in.operandSize == 8 ? Form.MOV_8 : Form.MOV_4;
  }

  private static Form load(Instruction in) {
    return switch (size(in)) {
      case 8 -> Form.LOAD_8;
      case 4 -> Form.LOAD_4;
      case 2 -> Form.LOAD_2;
      default -> Form.LOAD_1;
    };
  }

  private static Form store(Instruction in) {
    return switch (in.operandSize) {
      case 8 -> Form.STORE_8;
      case 4 -> Form.STORE_4;
      case 2 -> Form.STORE_2;
      default -> Form.STORE_1;
    };
  }

  private static int count(Instruction in) {
    return (int) in.immediate & (in.operandSize == 8 ? 63 : 31);
  }

  private static Form shift(Instruction in, Form form) {
    return count(in) == 0 ? Form.PLAIN : registers(in, form);
  }

  private static Form transfer(Instruction in) {
    if (in.op == Op.NOP) {
      return Form.NOP;
    }
    if (in.operandSize != 8) {
      return Form.PLAIN;
    }
    return switch (in.op) {
      case PUSH_RM -> registers(in, Form.PUSH);
      case PUSH_I -> Form.PUSH;
      case POP_RM -> registers(in, Form.POP);
      case J_CC -> in.immediate == 0 ? Form.NOP : Form.conditional(in.condition());
      case JMP_J -> Form.JMP;
      case JMP_RM -> registers(in, Form.JMP);
      case CALL_J -> Form.CALL;
      case CALL_RM -> registers(in, Form.CALL);
      case RET -> Form.RET;
      case VMREAD -> registers(in, Form.VMREAD);
      case VMWRITE -> registers(in, Form.VMWRITE);
      default -> Form.PLAIN;
    };
  }
}
