package io.vmxsim.traces;

import io.vmxsim.cpu.ActionKind;
import org.jspecify.annotations.Nullable;

/**
 * Finds the instructions that can cause VM exits by their 64-bit-mode encoding (SDM volume 2,
 * "Opcode Map"; volume 3, "Instructions That Cause VM Exits").
 */
final class SensitiveOpcodes {
  /** Stands for a port in DX, which no trace holds: the one that nothing listens to. */
  static final int UNKNOWN_PORT = 0x80;

  private static final int REX_R = 4;
  private static final int TWO_BYTES = 0x0f;

  private SensitiveOpcodes() {}

  /**
   * What an encoding means.
   *
   * @param kind the action
   * @param size its size operand
   * @param address its address operand as far as the encoding tells
   * @param replayable false if the action would change state with an operand that is not known
   */
  record Sensitive(ActionKind kind, int size, long address, boolean replayable) {
    private static Sensitive of(ActionKind kind) {
      return new Sensitive(kind, 0, 0, true);
    }

    private static Sensitive register(ActionKind kind, int register) {
      return new Sensitive(kind, register, 0, true);
    }

    private static Sensitive withoutOperands(ActionKind kind) {
      return new Sensitive(kind, 0, 0, false);
    }
  }

  /** What the instruction is if it is sensitive, else null. */
  static @Nullable Sensitive scan(byte[] code, int offset, int length) {
    int end = offset + length;
    int p = offset;
    boolean word = false;
    boolean repeat = false;
    while (p < end && isPrefix(code[p] & 0xff)) {
      word |= code[p] == 0x66;
      repeat |= (code[p] & 0xff) == 0xf3;
      p++;
    }
    int rex = 0;
    if (p < end && (code[p] & 0xf0) == 0x40) {
      rex = code[p++];
    }
    if (p == end) {
      return null;
    }
    int opcode = code[p++] & 0xff;
    if (opcode != TWO_BYTES) {
      return oneByte(opcode, p < end ? code[p] & 0xff : UNKNOWN_PORT, word, repeat);
    }
    if (p == end) {
      return null;
    }
    opcode = code[p++] & 0xff;
    return twoBytes(opcode, p < end ? code[p] & 0xff : 0, rex, word, repeat);
  }

  private static boolean isPrefix(int b) {
    return switch (b) {
      case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 -> true;
      default -> false;
    };
  }

  private static @Nullable Sensitive oneByte(
      int opcode, int immediate, boolean word, boolean repeat) {
    int wide = word ? 2 : 4;
    return switch (opcode) {
      case 0x90 -> repeat ? Sensitive.of(ActionKind.PAUSE) : null;
      case 0xf4 -> Sensitive.of(ActionKind.HLT);
      case 0xe4 -> new Sensitive(ActionKind.IN, 1, immediate, true);
      case 0xe5 -> new Sensitive(ActionKind.IN, wide, immediate, true);
      case 0xe6 -> new Sensitive(ActionKind.OUT, 1, immediate, true);
      case 0xe7 -> new Sensitive(ActionKind.OUT, wide, immediate, true);
      case 0xec, 0x6c -> new Sensitive(ActionKind.IN, 1, UNKNOWN_PORT, true);
      case 0xed, 0x6d -> new Sensitive(ActionKind.IN, wide, UNKNOWN_PORT, true);
      case 0xee, 0x6e -> new Sensitive(ActionKind.OUT, 1, UNKNOWN_PORT, true);
      case 0xef, 0x6f -> new Sensitive(ActionKind.OUT, wide, UNKNOWN_PORT, true);
      default -> null;
    };
  }

  private static @Nullable Sensitive twoBytes(
      int opcode, int modRm, int rex, boolean word, boolean repeat) {
    int register = (modRm >> 3 & 7) | ((rex & REX_R) != 0 ? 8 : 0);
    return switch (opcode) {
      case 0x01 -> group7(modRm);
      case 0x06 -> Sensitive.of(ActionKind.CLTS);
      case 0x08 -> Sensitive.of(ActionKind.INVD);
      case 0x09 -> Sensitive.of(ActionKind.WBINVD);
      case 0x20 -> Sensitive.register(ActionKind.MOV_FROM_CR, register);
      case 0x21 -> Sensitive.register(ActionKind.MOV_FROM_DR, register);
      case 0x22 -> Sensitive.withoutOperands(ActionKind.MOV_TO_CR);
      case 0x23 -> Sensitive.withoutOperands(ActionKind.MOV_TO_DR);
      case 0x30 -> Sensitive.withoutOperands(ActionKind.WRMSR);
      case 0x31 -> Sensitive.of(ActionKind.RDTSC);
      case 0x32 -> Sensitive.withoutOperands(ActionKind.RDMSR);
      case 0x33 -> Sensitive.of(ActionKind.RDPMC);
      case 0x38 -> word && modRm == 0x82 ? Sensitive.withoutOperands(ActionKind.INVPCID) : null;
      case 0xa2 -> Sensitive.of(ActionKind.CPUID);
      case 0xc7 -> modRm < 0xc0 || repeat ? null : random(register & 7);
      default -> null;
    };
  }

  /** 0F C7 with a register operand. */
  private static @Nullable Sensitive random(int extension) {
    return extension == 6
        ? Sensitive.of(ActionKind.RDRAND)
        : extension == 7 ? Sensitive.of(ActionKind.RDSEED) : null;
  }

  private static @Nullable Sensitive group7(int modRm) {
    return switch (modRm) {
      case 0xc1 -> Sensitive.of(ActionKind.VMCALL);
      case 0xc8 -> Sensitive.withoutOperands(ActionKind.MONITOR);
      case 0xc9 -> Sensitive.of(ActionKind.MWAIT);
      case 0xd1 -> Sensitive.withoutOperands(ActionKind.XSETBV);
      case 0xef -> Sensitive.withoutOperands(ActionKind.WRPKRU);
      case 0xf9 -> Sensitive.of(ActionKind.RDTSCP);
      default -> group7Memory(modRm >> 3 & 7, modRm < 0xc0);
    };
  }

  private static @Nullable Sensitive group7Memory(int extension, boolean memory) {
    if (extension == 6) {
      return Sensitive.withoutOperands(ActionKind.LMSW);
    }
    return extension == 7 && memory ? Sensitive.withoutOperands(ActionKind.INVLPG) : null;
  }
}
