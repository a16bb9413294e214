package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.decode.Operand.Width;
import java.util.List;
import java.util.Locale;

/** Writes a decoded instruction in Intel syntax, on one line, from the row it was decoded by. */
public final class Disassembler {
  private static final List<String> SEGMENTS = List.of("es", "cs", "ss", "ds", "fs", "gs");

  private Disassembler() {}

  /**
   * The instruction as text, as {@code lock add dword ptr [rax+rcx*4+0x10], edx}.
   *
   * @param rip the address of its first byte, for the targets of branches
   */
  public static String text(Instruction in, long rip) {
    OpcodeRow row = in.row;
    if (row == null || !in.op.isInstruction()) {
      return "(" + in.op.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ")";
    }
    StringBuilder text = new StringBuilder(prefix(in)).append(Mnemonic.of(in, row));
    String separator = " ";
    for (Operand operand : row.operands) {
      String shown = operand(in, operand, rip);
      if (!shown.isEmpty()) {
        text.append(separator).append(shown);
        separator = ", ";
      }
    }
    return text.toString();
  }

  private static String prefix(Instruction in) {
    if (in.lock) {
      return "lock ";
    }
    if (in.op.group() != Op.Group.STRING || !(in.rep || in.repne)) {
      return "";
    }
    boolean compares = in.op == Op.CMPS || in.op == Op.SCAS;
    return !compares ? "rep " : in.rep ? "repe " : "repne ";
  }

  private static String operand(Instruction in, Operand operand, long rip) {
    int bytes = operand.width().bytes(in.v, in.y, in.x);
    return switch (operand.source()) {
      case FLAGS, SOURCE_STRING, DESTINATION_STRING -> "";
      case FIXED -> in.op.group() == Op.Group.STRING ? "" : fixed(operand, bytes);
      case ONE -> "1";
      case FAR_POINTER -> hex(in.immediate2) + ":" + hex(in.immediate);
      case VVVV_GENERAL -> general(in.vvvv, bytes);
      case CONTROL -> "cr" + in.reg;
      case DEBUG -> "dr" + in.reg;
      case GENERAL -> general(in.reg, bytes);
      case OPCODE_REGISTER -> general(in.rm, bytes);
      case GENERAL_OR_MEMORY, GENERAL_RM -> in.isMemory ? memory(in, bytes) : general(in.rm, bytes);
      case IMMEDIATE -> immediate(in, operand);
      case RELATIVE -> hex(truncate(rip + in.length + in.immediate, target(in)));
      case STACK_REGISTER -> "st(" + in.rm + ")";
      case IMMEDIATE_REGISTER -> vector(in.immediate2, bytes);
      case MEMORY, OFFSET -> memory(in, bytes);
      case MMX -> "mm" + in.reg;
      case MMX_RM, MMX_OR_MEMORY -> in.isMemory ? memory(in, bytes) : "mm" + in.rm;
      case SEGMENT -> SEGMENTS.get(in.reg);
      case VVVV_VECTOR -> in.vex ? vector(in.vvvv, bytes) : "";
      case VECTOR -> vector(in.reg, bytes);
      case VECTOR_RM, VECTOR_OR_MEMORY -> in.isMemory ? memory(in, bytes) : vector(in.rm, bytes);
    };
  }

  /** Bytes of a branch's target: XBEGIN has no 64-bit operand size in 64-bit mode. */
  private static int target(Instruction in) {
    return in.mode == CodeMode.BITS64 ? 8 : in.v;
  }

  private static String fixed(Operand operand, int bytes) {
    return operand.width() == Width.NONE ? operand.name() : general(operand.number(), bytes);
  }

  private static String immediate(Instruction in, Operand operand) {
    boolean second = in.op == Op.ENTER && operand.width() == Width.B;
    long value = second ? in.immediate2 : in.immediate;
    return hex(
        switch (operand.width()) {
          case B, W -> value;
          default -> truncate(value, in.v);
        });
  }

  private static String memory(Instruction in, int bytes) {
    StringBuilder text = new StringBuilder(RegisterName.pointer(bytes));
    boolean stack = in.base == 4 || in.base == 5;
    if (in.segment != (stack ? Instruction.SS : Instruction.DS)) {
      text.append(SEGMENTS.get(in.segment)).append(':');
    }
    text.append('[');
    int start = text.length();
    if (in.base == Instruction.RIP) {
      text.append(in.addressSize == 4 ? "eip" : "rip");
    } else if (in.base != Instruction.NO_REGISTER) {
      text.append(general(in.base, in.addressSize));
    }
    if (in.index != Instruction.NO_REGISTER) {
      text.append(text.length() == start ? "" : "+").append(index(in));
      text.append(in.addressSize == 2 ? "" : "*" + (1 << in.scale));
    }
    if (text.length() == start) {
      text.append(hex(truncate(in.displacement, in.addressSize)));
    } else if (in.displacement != 0) {
      text.append(in.displacement < 0 ? "-" : "+").append(hex(Math.abs(in.displacement)));
    }
    return text.append(']').toString();
  }

  private static String index(Instruction in) {
    return in.row != null && in.row.vectorIndex
        ? vector(in.index, in.row.indexBytes(in.x))
        : general(in.index, in.addressSize);
  }

  private static String general(int register, int bytes) {
    return RegisterName.general(register, bytes);
  }

  private static String vector(int register, int bytes) {
    return (bytes == 32 ? "ymm" : "xmm") + register;
  }

  private static long truncate(long value, int bytes) {
    return bytes == 8 ? value : value & ((1L << (bytes * 8)) - 1);
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
