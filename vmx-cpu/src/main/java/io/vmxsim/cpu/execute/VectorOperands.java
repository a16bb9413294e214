package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;

/**
 * The operands of MMX, SSE and AVX instructions, and whether there are such instructions now
 * ("Exceptions and Emulation of SSE and AVX", volume 3, chapter 13; “Intel AVX Exception
 * Specification”, volume 2, 2.4).
 *
 * <p>An operation fetches into {@link #first} and {@link #second}, computes {@link #result}, and
 * stores that. A vector is four longs, the lowest first.
 */
final class VectorOperands {
  private static final int MMX = 8;
  private static final int XMM = 16;
  private static final long AVX_STATE = 1 << ExtendedState.SSE | 1 << ExtendedState.AVX;

  final CpuState state;
  final ExtendedState extended;
  final Operands operands;
  private final Mem mem;
  private final Segmentation segments;
  final Faults faults;

  final long[] first = new long[ExtendedState.VECTOR];
  final long[] second = new long[ExtendedState.VECTOR];
  final long[] result = new long[ExtendedState.VECTOR];

  VectorOperands(Operands operands, Faults faults) {
    this.operands = operands;
    this.faults = faults;
    state = operands.state;
    extended = state.extended;
    mem = operands.mem;
    segments = operands.segments;
  }

  // ---- Availability --------------------------------------------------------------------------

  /** An instruction that names no MMX register must be available, or #UD or #NM. */
  void require(Instruction in) {
    long cr0 = state.cr0();
    if (in.vex) {
      boolean enabled = (state.cr4() & CpuState.CR4_OSXSAVE) != 0;
      if (!enabled || (state.xcr0 & AVX_STATE) != AVX_STATE || isRealMode()) {
        throw faults.invalidOpcode();
      }
    } else if ((cr0 & CpuState.CR0_EM) != 0 || (state.cr4() & CpuState.CR4_OSFXSR) == 0) {
      throw faults.invalidOpcode();
    }
    if ((cr0 & CpuState.CR0_TS) != 0) {
      throw faults.deviceNotAvailable();
    }
  }

  private boolean isRealMode() {
    return !segments.protectedMode() || segments.virtual8086();
  }

  /** An MMX instruction: the x87 registers become MMX registers, TOP 0 and none of them empty. */
  void requireMmx() {
    long cr0 = state.cr0();
    if ((cr0 & CpuState.CR0_EM) != 0) {
      throw faults.invalidOpcode();
    }
    if ((cr0 & CpuState.CR0_TS) != 0) {
      throw faults.deviceNotAvailable();
    }
    faults.requireNoX87Error();
  }

  /** What every MMX instruction but EMMS leaves of the x87 stack, once it has completed. */
  void enterMmx() {
    extended.setTop(0);
    extended.used = 0xff;
  }

  /** As the instruction's registers are: MMX where the operation works on 8 bytes of one. */
  void requireFor(Instruction in, boolean mmx) {
    if (mmx) {
      requireMmx();
    } else {
      require(in);
    }
  }

  // ---- Registers -----------------------------------------------------------------------------

  /** The low 8 bytes of an XMM register. */
  long low(int register) {
    return extended.vectors[register * ExtendedState.VECTOR];
  }

  /** The upper 8 bytes of an XMM register. */
  long high(int register) {
    return extended.vectors[register * ExtendedState.VECTOR + 1];
  }

  /** A register into a vector. */
  void fetch(int register, int size, long[] into) {
    if (size == MMX) {
      into[0] = extended.significands[register];
    } else {
      System.arraycopy(
          extended.vectors, register * ExtendedState.VECTOR, into, 0, ExtendedState.VECTOR);
    }
  }

  /**
   * Sets a register of {@code size} bytes: 8 is an MMX register. The legacy forms leave the upper
   * half of a YMM register alone, VEX-encoded ones clear it.
   */
  void set(int register, int size, boolean vex, long[] from) {
    if (size == MMX) {
      setMmx(register, from[0]);
      return;
    }
    int at = register * ExtendedState.VECTOR;
    extended.vectors[at] = from[0];
    extended.vectors[at + 1] = from[1];
    if (size > XMM || vex) {
      extended.vectors[at + 2] = size > XMM ? from[2] : 0;
      extended.vectors[at + 3] = size > XMM ? from[3] : 0;
    }
  }

  /** Sets an XMM register. */
  void setXmm(int register, boolean vex, long low, long high) {
    result[0] = low;
    result[1] = high;
    set(register, XMM, vex, result);
  }

  void setMmx(int register, long value) {
    extended.significands[register] = value;
    extended.exponents[register] = 0xffff;
    enterMmx();
  }

  // ---- The register or memory operand --------------------------------------------------------

  /** Whether it needs to be aligned: legacy SSE, all 16 bytes of it. */
  private static boolean isAligned(Instruction in, int size) {
    return size == XMM && !in.vex;
  }

  /**
   * The other operand into {@link #second}.
   *
   * @param size bytes of it in memory; 8 in a register is MMX if the operation is
   * @param mmx whether it names an MMX register
   */
  void load(Instruction in, int size, boolean mmx) {
    if (in.isMemory) {
      loadMemory(in, size, isAligned(in, size));
    } else {
      fetch(in.rm, mmx ? MMX : XMM, second);
    }
  }

  /** The memory operand into {@link #second}, of 1 to 32 bytes. */
  void loadMemory(Instruction in, int size, boolean aligned) {
    long linear = linear(in, size, false);
    requireAlignment(linear, size, aligned);
    if (size <= 8) {
      second[0] = mem.load(linear, size);
      second[1] = 0;
      return;
    }
    for (int i = 0; i < size / 8; i++) {
      second[i] = mem.loadPart(linear + 8L * i, 8);
    }
  }

  /** Stores a vector to the memory operand, nothing of it if any byte faults. */
  void storeMemory(Instruction in, int size, boolean aligned, long[] from) {
    long linear = linear(in, size, true);
    requireAlignment(linear, size, aligned);
    if (size <= 8) {
      mem.store(linear, size, from[0]);
    } else {
      storeUnchecked(in, size, from);
    }
  }

  /** The operand into {@link #second}, whose alignment is not checked even where others' is. */
  void loadUnchecked(Instruction in, int size) {
    if (!in.isMemory) {
      fetch(in.rm, XMM, second);
      return;
    }
    long linear = linear(in, size, false);
    for (int i = 0; i < size / 8; i++) {
      second[i] = mem.loadPart(linear + 8L * i, 8);
    }
  }

  /** Stores a vector to the memory operand, whose alignment is not checked. */
  void storeUnchecked(Instruction in, int size, long[] from) {
    long linear = linear(in, size, true);
    mem.probeStoreOfParts(linear, size);
    for (int i = 0; i < size; i += 8) {
      mem.storePart(linear + i, 8, from[i / 8]);
    }
  }

  long linear(Instruction in, int size, boolean store) {
    return operands.linear(in, size, store);
  }

  private void requireAlignment(long linear, int size, boolean aligned) {
    if (aligned && (linear & size - 1) != 0) {
      throw faults.generalProtection(0);
    }
  }

  /** Both sources of {@code reg = op(vvvv, rm)} as wide as the operation. */
  void loadBoth(Instruction in) {
    int size = in.operandSize;
    fetch(in.vvvv, size, first);
    load(in, size, size == MMX);
  }

  /** {@link #result} into {@code reg}. */
  void store(Instruction in) {
    set(in.reg, in.operandSize, in.vex, result);
  }

  NotCompleted notModelled(Instruction in) {
    throw faults.notModelled(in.op.mnemonic().toUpperCase(java.util.Locale.ROOT));
  }
}
