package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.InstructionClass;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.snapshot.Rebuilt;
import java.util.Arrays;
import java.util.List;

/**
 * Decoded instructions that follow one another in a page and run one after another, unless a
 * conditional branch among them is taken: only the last can transfer control otherwise, or change
 * what the next ones mean.
 */
@Rebuilt
final class Block {
  /** The offset of a block that is not kept. */
  static final int NOWHERE = -1;

  /** Most instructions of a block. */
  static final int LONGEST = 32;

  final Instruction[] code;
  final CodeMode mode;

  /** {@code prices[i]}: base costs of the first {@code i} instructions, in cycles. */
  final long[] prices;

  /** Base costs of all instructions, in cycles. */
  final long price;

  /** The instructions as {@link Packed} has them, and {@link Form#END}. */
  final Packed[] packed;

  /** {@code ends[i]}: where instruction {@code i} ends, in bytes from the start of the block. */
  final int[] ends;

  /** Whether what follows runs in the same context: mode, privilege, segments, events. */
  final boolean keepsContext;

  /** Whether the last instruction retires itself, as the sensitive ones do. */
  final boolean lastRetiresItself;

  /** Where it lies in its page, or {@link #NOWHERE}. */
  final int offset;

  /** False once a store has changed the page. */
  boolean valid = true;

  Block(List<Instruction> instructions, int offset, CodeMode mode, CostModel costs, boolean packs) {
    this.offset = offset;
    code = instructions.toArray(new Instruction[0]);
    this.mode = mode;
    prices = new long[code.length + 1];
    packed = new Packed[code.length + 1];
    ends = new int[code.length];
    int end = 0;
    for (int i = 0; i < code.length; i++) {
      end += code[i].length;
      ends[i] = end;
      prices[i + 1] = prices[i] + costs.instruction(priceClass(code[i]));
    }
    price = prices[code.length];
    Op ending = code[code.length - 1].op;
    keepsContext = !changesContext(ending);
    lastRetiresItself = retiresItself(ending);
    pack(packs && Horizon.isOrdinary(price));
  }

  private void pack(boolean packs) {
    packed[code.length] = new Packed(Form.END, code.length, ends[code.length - 1], (int) price);
    for (int i = code.length - 1; i >= 0; i--) {
      int until = (int) prices[i + 1];
      packed[i] =
          packs
              ? Packed.pack(code[i], i, ends[i], until)
              : new Packed(Form.PLAIN, i, ends[i], until);
      packed[i].next = packed[i + 1];
    }
  }

  /** Where instruction {@code i} begins, in bytes from the start of the block. */
  int beginning(int i) {
    return i == 0 ? 0 : ends[i - 1];
  }

  /** The number of instructions before the one that lies {@code distance} bytes from the start. */
  int indexAt(int distance) {
    int index = distance == 0 ? 0 : Arrays.binarySearch(ends, distance) + 1;
    if (index < 0) {
      throw new IllegalStateException("no instruction at byte " + distance + " of a block");
    }
    return index;
  }

  /** Whether a block ends with this operation. */
  static boolean ends(Op op) {
    boolean transfers = op.group() == Op.Group.BRANCH && op != Op.J_CC;
    return transfers || op.group() == Op.Group.NONE || changesContext(op);
  }

  private static boolean changesContext(Op op) {
    return switch (op.group()) {
      case VMX -> op != Op.VMREAD && op != Op.VMWRITE;
      case SYSTEM, SHADOW_STACK, STATE, NONE -> true;
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
      case UMWAIT, TPAUSE -> true;
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
