package io.vmxsim.cpu.decode;

import java.util.List;

/** What assembly language calls the general registers and the sizes of memory operands. */
final class RegisterName {
  private static final List<String> LEGACY =
      List.of("ax", "cx", "dx", "bx", "sp", "bp", "si", "di");
  private static final List<String> LOW =
      List.of("al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil");
  private static final List<String> HIGH = List.of("ah", "ch", "dh", "bh");

  private RegisterName() {}

  /**
   * The name of a register.
   *
   * @param register its number, with {@link Instruction#HIGH_BYTE} for AH to BH
   * @param bytes 1, 2, 4 or 8
   */
  static String general(int register, int bytes) {
    if (register >= Instruction.HIGH_BYTE) {
      return HIGH.get(register & 3);
    }
    if (register >= 8) {
      return "r"
          + register
          + switch (bytes) {
            case 1 -> "b";
            case 2 -> "w";
            case 4 -> "d";
            default -> "";
          };
    }
    return switch (bytes) {
      case 1 -> LOW.get(register);
      case 2 -> LEGACY.get(register);
      case 4 -> "e" + LEGACY.get(register);
      default -> "r" + LEGACY.get(register);
    };
  }

  /** What stands before the bracket of a memory operand; empty if the size is not a usual one. */
  static String pointer(int bytes) {
    return switch (bytes) {
      case 1 -> "byte ptr ";
      case 2 -> "word ptr ";
      case 4 -> "dword ptr ";
      case 6 -> "fword ptr ";
      case 8 -> "qword ptr ";
      case 10 -> "tbyte ptr ";
      case 16 -> "xmmword ptr ";
      case 32 -> "ymmword ptr ";
      default -> "";
    };
  }
}
