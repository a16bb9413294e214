package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;

/** The 512 bytes of FXSAVE, with which an XSAVE area starts ("FXSAVE Area", volume 1, 10.5.1). */
final class LegacyStateArea {
  private static final int REGISTERS = 32;
  private static final int VECTORS = 160;
  private static final int CONTROL_WRITABLE = 0x1f3f;

  private final CpuState state;
  private final ExtendedState extended;
  private final Segmentation segments;
  private final Mem mem;

  LegacyStateArea(Operands operands) {
    state = operands.state;
    extended = state.extended;
    segments = operands.segments;
    mem = operands.mem;
  }

  /** How many vector registers the mode has. */
  int vectorRegisters() {
    return segments.bits64() ? 16 : 8;
  }

  /** Bytes 23:0 and 159:32; {@code wide} is the format of REX.W with its 64-bit pointers. */
  void saveX87(long area, boolean wide) {
    mem.store(area, 2, extended.control);
    mem.store(area + 2, 2, extended.status);
    mem.store(area + 4, 2, extended.used & 0xff);
    mem.store(area + 6, 2, extended.opcode);
    savePointer(area + 8, extended.instructionPointer, extended.instructionSelector, wide);
    savePointer(area + 16, extended.dataPointer, extended.dataSelector, wide);
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      long at = area + REGISTERS + 16L * i;
      mem.store(at, 8, extended.significands[register]);
      mem.store(at + 8, 8, extended.exponents[register] & 0xffff);
    }
  }

  private void savePointer(long at, long pointer, int selector, boolean wide) {
    mem.store(at, 8, wide ? pointer : (pointer & 0xffffffffL) | (selector & 0xffffL) << 32);
  }

  void restoreX87(long area, boolean wide) {
    extended.control = ((int) mem.load(area, 2) & CONTROL_WRITABLE) | 0x40;
    extended.status = (int) mem.load(area + 2, 2);
    extended.used = (int) mem.load(area + 4, 1);
    extended.opcode = (int) mem.load(area + 6, 2) & 0x7ff;
    long instruction = mem.load(area + 8, 8);
    long data = mem.load(area + 16, 8);
    extended.setInstructionPointer(wide ? instruction : instruction & 0xffffffffL);
    extended.dataPointer = wide ? data : data & 0xffffffffL;
    extended.summarizeX87();
    extended.instructionSelector = wide ? 0 : (int) (instruction >>> 32) & 0xffff;
    extended.dataSelector = wide ? 0 : (int) (data >>> 32) & 0xffff;
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      long at = area + REGISTERS + 16L * i;
      extended.significands[register] = mem.load(at, 8);
      extended.exponents[register] = (int) mem.load(at + 8, 2);
    }
  }

  void saveSse(long area) {
    for (int i = 0; i < vectorRegisters(); i++) {
      long at = area + VECTORS + 16L * i;
      mem.store(at, 8, extended.vectors[i * ExtendedState.VECTOR]);
      mem.store(at + 8, 8, extended.vectors[i * ExtendedState.VECTOR + 1]);
    }
  }

  void restoreSse(long area) {
    for (int i = 0; i < vectorRegisters(); i++) {
      long at = area + VECTORS + 16L * i;
      extended.vectors[i * ExtendedState.VECTOR] = mem.load(at, 8);
      extended.vectors[i * ExtendedState.VECTOR + 1] = mem.load(at + 8, 8);
    }
  }
}
