package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.decode.Instruction;

/**
 * The operands of instructions: general registers of every size, and memory through segments
 * ("Operand Addressing", volume 1, 3.7).
 */
final class Operands {
  private static final int RSP = CpuState.RSP;

  final CpuState state;
  final Mem mem;
  final Segmentation segments;
  private final long[] registers;

  Operands(CpuState state, Mem mem, Segmentation segments) {
    this.state = state;
    this.mem = mem;
    this.segments = segments;
    registers = state.registers;
  }

  // ---- Registers -----------------------------------------------------------------------------

  /** A register; above its low {@code size} bytes the value may be anything. */
  long register(int number, int size) {
    return size == 1 && number >= Instruction.HIGH_BYTE
        ? registers[number & 3] >>> Byte.SIZE
        : registers[number];
  }

  /** Sets a register: 4 bytes clear its upper half, 1 and 2 bytes leave the rest alone. */
  void setRegister(int number, int size, long value) {
    switch (size) {
      case 8 -> registers[number] = value;
      case 4 -> registers[number] = value & 0xffffffffL;
      case 2 -> registers[number] = (registers[number] & ~0xffffL) | (value & 0xffff);
      default -> setByte(number, value);
    }
  }

  private void setByte(int number, long value) {
    if (number >= Instruction.HIGH_BYTE) {
      int whole = number & 3;
      registers[whole] = (registers[whole] & ~0xff00L) | (value & 0xff) << Byte.SIZE;
    } else {
      registers[number] = (registers[number] & ~0xffL) | (value & 0xff);
    }
  }

  /** The RIP of the next instruction, which branches change. */
  long nextRip() {
    return registers[Instruction.RIP];
  }

  void setNextRip(long rip) {
    registers[Instruction.RIP] = rip;
  }

  // ---- The register or memory operand --------------------------------------------------------

  /** The effective address: an offset in the segment. */
  long offset(Instruction in) {
    long sum = registers[in.base] + (registers[in.index] << in.scale) + in.displacement;
    return in.addressSize == 8 ? sum : Val.zeroExtend(sum, in.addressSize);
  }

  /** The linear address of the memory operand of {@code size} bytes. */
  long linear(Instruction in, int size, boolean stores) {
    long offset = offset(in);
    return stores
        ? segments.forStore(in.segment, offset, size)
        : segments.forLoad(in.segment, offset, size);
  }

  /** The operand; of a register, above its low {@code size} bytes the value may be anything. */
  long load(Instruction in, int size) {
    return in.isMemory
        ? mem.load(segments.forLoad(in.segment, offset(in), size), size)
        : register(in.rm, size);
  }

  long load(Instruction in) {
    return load(in, in.operandSize);
  }

  void store(Instruction in, int size, long value) {
    if (in.isMemory) {
      mem.store(segments.forStore(in.segment, offset(in), size), size, value);
    } else {
      setRegister(in.rm, size, value);
    }
  }

  /** Faults if the operand is memory that could not be stored to. */
  void probeStore(Instruction in, int size) {
    if (in.isMemory) {
      mem.probeStore(segments.forStore(in.segment, offset(in), size), size);
    }
  }

  void store(Instruction in, long value) {
    store(in, in.operandSize, value);
  }

  /** The operand of a read-modify-write, which {@link #update} ends. */
  long loadForUpdate(Instruction in) {
    int size = in.operandSize;
    return in.isMemory
        ? mem.loadForUpdate(segments.forStore(in.segment, offset(in), size), size)
        : register(in.rm, size);
  }

  void update(Instruction in, long value) {
    if (in.isMemory) {
      mem.update(in.operandSize, value);
    } else {
      setRegister(in.rm, in.operandSize, value);
    }
  }

  /** The operand is memory and this is its linear address {@code delta} bytes on, for a load. */
  long loadAt(Instruction in, int delta, int size) {
    return mem.load(segments.forLoad(in.segment, wrapped(in, delta), size), size);
  }

  /** Faults if {@link #storePartAt} would. */
  void probePartAt(Instruction in, int delta, int size) {
    mem.probeStoreOfParts(segments.forStore(in.segment, wrapped(in, delta), size), size);
  }

  void storeAt(Instruction in, int delta, int size, long value) {
    mem.store(segments.forStore(in.segment, wrapped(in, delta), size), size, value);
  }

  /** As {@link #loadAt}, without an alignment check. */
  long loadPartAt(Instruction in, int delta, int size) {
    return mem.loadPart(segments.forLoad(in.segment, wrapped(in, delta), size), size);
  }

  /** As {@link #storeAt}, without an alignment check. */
  void storePartAt(Instruction in, int delta, int size, long value) {
    mem.storePart(segments.forStore(in.segment, wrapped(in, delta), size), size, value);
  }

  private long wrapped(Instruction in, int delta) {
    long offset = offset(in) + delta;
    return in.addressSize == 8 ? offset : Val.zeroExtend(offset, in.addressSize);
  }

  // ---- The stack -----------------------------------------------------------------------------

  /** Pushes: the stack pointer moves only if the store did not fault. */
  void push(long value, int size) {
    int width = segments.stackWidth();
    long rsp = Val.zeroExtend(registers[RSP] - size, width);
    mem.store(segments.forStore(Instruction.SS, rsp, size), size, value);
    setRegister(RSP, width, rsp);
  }

  /** The value {@code depth} bytes above the stack pointer, which stays. */
  long peek(int depth, int size) {
    long offset = Val.zeroExtend(registers[RSP] + depth, segments.stackWidth());
    return mem.load(segments.forLoad(Instruction.SS, offset, size), size);
  }

  /** Moves the stack pointer up, as pops do. */
  void release(long bytes) {
    int width = segments.stackWidth();
    setRegister(RSP, width, registers[RSP] + bytes);
  }

  long pop(int size) {
    long value = peek(0, size);
    release(size);
    return value;
  }
}
