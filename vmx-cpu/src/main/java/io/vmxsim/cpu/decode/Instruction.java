package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.snapshot.Rebuilt;
import org.jspecify.annotations.Nullable;

/**
 * One decoded instruction, owned and reused by the caller; {@link Decoder} overwrites every field
 * that the operation has a use for.
 *
 * <p>Registers are numbered as the processor encodes them: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
 * R8…R15. A byte register AH, CH, DH or BH has its number plus {@link #HIGH_BYTE}.
 *
 * <p>An SSE instruction and its VEX-encoded form decode alike: {@code reg = op(vvvv, rm)}. The
 * legacy form has {@link #vvvv} equal to its destination, {@link #vex} false, and leaves the upper
 * part of the destination register unchanged; {@link #operandSize} is 8 for MMX, 16 or 32.
 */
@Rebuilt
public final class Instruction {
  /** No base or index register: a register that is always 0. */
  public static final int NO_REGISTER = 16;

  /** The base of RIP-relative addressing, until {@link #resolveRip} folds it. */
  public static final int RIP = 17;

  /** Set in the number of a register that is bits 15:8 of register {@code number & 3}. */
  public static final int HIGH_BYTE = 16;

  public static final int ES = 0;
  public static final int CS = 1;
  public static final int SS = 2;
  public static final int DS = 3;
  public static final int FS = 4;
  public static final int GS = 5;

  /**
   * What it does; {@link Op#UNDEFINED}, {@link Op#TOO_LONG} or {@link Op#INCOMPLETE} if nothing.
   */
  public Op op = Op.UNDEFINED;

  /** The row of the opcode map; null if there is none. */
  public @Nullable OpcodeRow row;

  /** The code size it was decoded for. */
  public CodeMode mode = CodeMode.BITS64;

  /** Bytes, 1 to 15. */
  public int length;

  /** The last opcode byte; its low four bits are the condition of Jcc, SETcc and CMOVcc. */
  public int opcode;

  /**
   * Bytes the operation works on: 1, 2, 4 or 8; for vectors 8, 16 or 32; for a scalar in a vector
   * register 4 or 8. The destination's where operands differ; CRC32's source.
   */
  public int operandSize;

  /**
   * Bytes of an address: 2, 4 or 8; also the width of the counter and index of string operations.
   */
  public int addressSize;

  /** The register operand: general, segment, control, debug, MMX or XMM as the operation has it. */
  public int reg;

  /** The other operand if it is a register: general, MMX or XMM, or the x87 stack index. */
  public int rm;

  /** Whether the other operand is in memory, at the address that the next five fields make. */
  public boolean isMemory;

  /** General register, {@link #NO_REGISTER} or {@link #RIP}. */
  public int base;

  /** General register or {@link #NO_REGISTER}; an XMM register for a gather. */
  public int index;

  /** The index is shifted left by this: 0 to 3. */
  public int scale;

  /** Sign-extended; the whole address for MOV with a memory offset. */
  public long displacement;

  /**
   * Segment of the memory operand, or of the source of a string operation: an override if there is
   * one that counts, else SS for a base of RSP or RBP, else DS. In 64-bit mode ES, CS, SS and DS
   * overrides do not count.
   */
  public int segment;

  /**
   * Immediate, sign-extended from its size in the instruction where the operation extends it; the
   * offset of a far pointer; for a relative branch the displacement, to be added to the next RIP.
   */
  public long immediate;

  /** The selector of a far pointer; ENTER's nesting level. */
  public int immediate2;

  /** The extra register operand of VEX-encoded instructions; see the class for legacy SSE. */
  public int vvvv;

  public boolean lock;

  /** Whether its access to memory is a locked one: by its prefix, or as XCHG always is. */
  public boolean locksMemory() {
    return isMemory && (lock || op == Op.XCHG_RM_R);
  }

  /** The last repeat prefix was F3: REP, REPE, XRELEASE. False when it was part of the opcode. */
  public boolean rep;

  /** The last repeat prefix was F2: REPNE, XACQUIRE, BND. False when it was part of the opcode. */
  public boolean repne;

  /** A REX prefix stood before the opcode. */
  public boolean rex;

  /** VEX-encoded: #UD in real-address and virtual-8086 mode, which the decoder does not know. */
  public boolean vex;

  /** The ModRM byte, or -1. */
  public int modRm;

  /** What {@code v}, {@code y} and {@code x} in the operands of the row stand for, in bytes. */
  int v;

  int y;
  int x;

  /**
   * Sets the sizes of operands (SDM volume 1, “Operand-Size and Address-Size Attributes”).
   *
   * @param w REX.W or VEX.W
   * @param prefix 66H
   * @param l VEX.L
   */
  void size(OpcodeRow of, boolean w, boolean prefix, int l) {
    boolean bits64 = mode == CodeMode.BITS64;
    boolean wide = bits64 && (of.forced64 || w || (of.default64 && !prefix));
    v = wide ? 8 : (mode == CodeMode.BITS16) != prefix ? 2 : 4;
    y = bits64 && (of.forced64 || w) ? 8 : 4;
    x = 16 << l;
    operandSize = of.operandSize.bytes(v, y, x);
  }

  /** The condition tested by Jcc, SETcc and CMOVcc: 0 (overflow) to 15 (greater). */
  public int condition() {
    return opcode & 15;
  }

  /** Turns RIP-relative addressing into an absolute displacement. */
  public void resolveRip(long nextRip) {
    if (isMemory && base == RIP) {
      base = NO_REGISTER;
      displacement += nextRip;
      if (addressSize == 4) {
        displacement &= 0xFFFFFFFFL;
      }
    }
  }
}
