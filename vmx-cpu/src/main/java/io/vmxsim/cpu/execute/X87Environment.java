package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;

/**
 * The x87 environment in memory, of 14 or 28 bytes, and with the registers of 94 or 108 ("Saving
 * the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE", volume 1, 8.1.10).
 */
final class X87Environment {
  private static final int REGISTER_BYTES = 10;
  private static final int CONTROL_WRITABLE = 0x1f3f;
  private static final long LOW_16 = 0xffff;

  private final CpuState state;
  private final ExtendedState extended;
  private final Operands operands;

  X87Environment(Operands operands) {
    this.operands = operands;
    state = operands.state;
    extended = state.extended;
  }

  /**
   * The instruction that has run is the last one; its operand and opcode are of interest to who
   * handles an unmasked exception of it ("Fopcode Compatibility Sub-mode", 8.1.9.1).
   */
  void remember(Instruction in, boolean exception) {
    extended.instructionPointer = state.rip;
    extended.instructionSelector = selector(Instruction.CS);
    if (in.isMemory && (exception || extended.notesEveryOperand)) {
      extended.dataPointer = operands.offset(in);
      extended.dataSelector = selector(in.segment);
    }
    if (exception) {
      extended.opcode = (in.opcode & 7) << 8 | (in.modRm & 0xff);
    }
  }

  private int selector(int segment) {
    return extended.keepsSelectors ? state.selectors[segment] & 0xffff : 0;
  }

  private static int slot(Instruction in) {
    return in.operandSize == 2 ? 2 : 4;
  }

  void store(Instruction in) {
    probe(in, 7 * slot(in), true);
    storeFields(in);
  }

  private void storeFields(Instruction in) {
    int slot = slot(in);
    long instruction = extended.instructionPointer;
    long data = extended.dataPointer;
    long high = slot == 4 ? 0xffff0000L : 0;
    long[] fields = {
      extended.control | high,
      extended.status | high,
      tags() | high,
      instruction,
      extended.instructionSelector | (slot == 4 ? (long) extended.opcode << 16 : 0),
      data,
      extended.dataSelector | high
    };
    if (hasLinearPointers()) {
      long from = instruction + ((long) extended.instructionSelector << 4);
      long of = data + ((long) extended.dataSelector << 4);
      fields[3] = (from & LOW_16) | high;
      fields[4] = (from >>> 16) << 12 | extended.opcode;
      fields[5] = (of & LOW_16) | high;
      fields[6] = (of >>> 16) << 12;
    }
    for (int i = 0; i < fields.length; i++) {
      operands.storeAt(in, i * slot, slot, fields[i]);
    }
  }

  void load(Instruction in) {
    probe(in, 7 * slot(in), false);
    loadFields(in);
  }

  private void loadFields(Instruction in) {
    int slot = slot(in);
    long[] fields = new long[7];
    for (int i = 0; i < fields.length; i++) {
      fields[i] = operands.loadAt(in, i * slot, slot);
    }
    extended.control = ((int) fields[0] & CONTROL_WRITABLE) | 0x40;
    extended.status = (int) fields[1] & 0xffff;
    setTags((int) fields[2]);
    boolean linear = hasLinearPointers();
    extended.instructionPointer = linear ? joined(fields[3], fields[4]) : fields[3];
    extended.instructionSelector = linear ? 0 : (int) fields[4] & 0xffff;
    extended.opcode = (int) (linear ? fields[4] : fields[4] >>> 16) & 0x7ff;
    extended.dataPointer = linear ? joined(fields[5], fields[6]) : fields[5];
    extended.dataSelector = linear ? 0 : (int) fields[6] & 0xffff;
  }

  /** The images of real-address and virtual-8086 mode have linear addresses in two parts. */
  private boolean hasLinearPointers() {
    return !operands.segments.protectedMode() || operands.segments.virtual8086();
  }

  private static long joined(long low, long high) {
    return (low & LOW_16) | high >>> 12 << 16;
  }

  /** Faults if any of the bytes would: the first field, then the last byte, as processors look. */
  private void probe(Instruction in, int bytes, boolean stores) {
    if (stores) {
      operands.probeStore(in, slot(in));
      operands.mem.probeArea(operands.linear(in, bytes, true), bytes, true);
    } else {
      operands.loadAt(in, 0, slot(in));
      operands.mem.probeArea(operands.linear(in, bytes, false), bytes, false);
    }
  }

  void storeAll(Instruction in) {
    probe(in, 7 * slot(in) + 8 * REGISTER_BYTES, true);
    storeFields(in);
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      int at = 7 * slot(in) + REGISTER_BYTES * i;
      operands.storePartAt(in, at, 8, extended.significands[register]);
      operands.storePartAt(in, at + 8, 2, extended.exponents[register]);
    }
  }

  void loadAll(Instruction in) {
    probe(in, 7 * slot(in) + 8 * REGISTER_BYTES, false);
    loadFields(in);
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      int at = 7 * slot(in) + REGISTER_BYTES * i;
      extended.significands[register] = operands.loadPartAt(in, at, 8);
      extended.exponents[register] = (int) operands.loadPartAt(in, at + 8, 2);
    }
  }

  /** The tag word: 0 valid, 1 zero, 2 special, 3 empty, two bits for each physical register. */
  private int tags() {
    int tags = 0;
    for (int i = 0; i < 8; i++) {
      tags |= tag(i) << (2 * i);
    }
    return tags;
  }

  private int tag(int register) {
    if ((extended.used >>> register & 1) == 0) {
      return 3;
    }
    int biased = extended.exponents[register] & 0x7fff;
    long significand = extended.significands[register];
    if (biased == 0 && significand == 0) {
      return 1;
    }
    return biased == 0 || biased == 0x7fff || significand >= 0 ? 2 : 0;
  }

  private void setTags(int tags) {
    extended.used = 0;
    for (int i = 0; i < 8; i++) {
      extended.used |= (tags >>> (2 * i) & 3) == 3 ? 0 : 1 << i;
    }
  }
}
