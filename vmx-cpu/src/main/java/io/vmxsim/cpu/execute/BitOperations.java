package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/** Bit and byte instructions ("Bit and Byte Instructions", volume 1, 5.1.6), BMI1 and BMI2. */
final class BitOperations {
  private final Operands operands;
  private final StatusFlags flags;

  BitOperations(Operands operands) {
    this.operands = operands;
    flags = operands.state.status;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case BT_RM_R, BTS_RM_R, BTR_RM_R, BTC_RM_R ->
          test(in, Val.signExtend(operands.register(in.reg, in.operandSize), in.operandSize));
      case BT_RM_I, BTS_RM_I, BTR_RM_I, BTC_RM_I ->
          test(in, in.immediate & Byte.SIZE * in.operandSize - 1);
      case BSF, BSR, TZCNT, LZCNT, POPCNT -> scan(in);
      case BSWAP -> swap(in);
      case CRC32 -> crc32(in);
      default -> manipulate(in);
    }
  }

  /** A bit offset in a register reaches beyond the operand in memory. */
  private void test(Instruction in, long offset) {
    int size = in.operandSize;
    int bits = Byte.SIZE * size;
    int index = (int) offset & bits - 1;
    boolean changes =
        switch (in.op) {
          case BT_RM_R, BT_RM_I -> false;
          default -> true;
        };
    if (in.isMemory) {
      testMemory(in, (offset - index) >> 3, index, changes);
      return;
    }
    long before = operands.register(in.rm, size);
    if (changes) {
      operands.setRegister(in.rm, size, changed(in, before, index));
    }
    flags.setCf(Val.bit(before, index));
  }

  private void testMemory(Instruction in, long distance, int index, boolean changes) {
    int size = in.operandSize;
    long offset = operands.offset(in) + distance;
    long wrapped = in.addressSize == 8 ? offset : Val.zeroExtend(offset, in.addressSize);
    Segmentation segments = operands.segments;
    long before;
    if (changes) {
      before = operands.mem.loadForUpdate(segments.forStore(in.segment, wrapped, size), size);
      operands.mem.update(size, changed(in, before, index));
    } else {
      before = operands.mem.load(segments.forLoad(in.segment, wrapped, size), size);
    }
    flags.setCf(Val.bit(before, index));
  }

  private static long changed(Instruction in, long before, int index) {
    long bit = 1L << index;
    return switch (in.op) {
      case BTS_RM_R, BTS_RM_I -> before | bit;
      case BTR_RM_R, BTR_RM_I -> before & ~bit;
      default -> before ^ bit;
    };
  }

  private void scan(Instruction in) {
    int size = in.operandSize;
    int bits = Byte.SIZE * size;
    long value = Val.zeroExtend(operands.load(in), size);
    int trailing = value == 0 ? bits : Long.numberOfTrailingZeros(value);
    int leading = Long.numberOfLeadingZeros(value) - (Long.SIZE - bits);
    switch (in.op) {
      case BSF, BSR -> {
        // The destination stays where the source is 0, as processors do it.
        if (value != 0) {
          operands.setRegister(in.reg, size, in.op == Op.BSF ? trailing : bits - 1 - leading);
        }
        flags.setZf(value == 0);
      }
      case TZCNT, LZCNT -> {
        int count = in.op == Op.TZCNT ? trailing : leading;
        operands.setRegister(in.reg, size, count);
        flags.setShifted(count, count == bits, false);
      }
      default -> {
        operands.setRegister(in.reg, size, Long.bitCount(value));
        // ZF by the source, the others 0.
        flags.set(value == 0 ? CpuState.ZF : 0);
      }
    }
  }

  private void swap(Instruction in) {
    int size = in.operandSize;
    // Of a 16-bit register undefined; processors leave 0.
    long value = size == 2 ? 0 : Val.swapBytes(operands.register(in.rm, size), size);
    operands.setRegister(in.rm, size, value);
  }

  private void crc32(Instruction in) {
    long data = operands.load(in);
    int crc = Val.crc32((int) operands.register(in.reg, 4), data, in.operandSize);
    operands.setRegister(in.reg, 8, crc & 0xffffffffL);
  }

  private void manipulate(Instruction in) {
    int size = in.operandSize;
    long value = Val.zeroExtend(operands.load(in), size);
    long other = Val.zeroExtend(operands.register(in.vvvv, size), size);
    switch (in.op) {
      case ANDN -> setLogic(in.reg, ~other & value, size, false);
      case BLSR -> setLogic(in.vvvv, value & value - 1, size, value == 0);
      case BLSMSK -> setLogic(in.vvvv, value ^ value - 1, size, value == 0);
      case BLSI -> setLogic(in.vvvv, value & -value, size, value != 0);
      case BZHI -> {
        int from = (int) other & 0xff;
        int bits = Byte.SIZE * size;
        long kept = from < bits ? value & ~(-1L << from) : value;
        setLogic(in.reg, kept, size, from > bits - 1);
      }
      case BEXTR -> {
        int from = (int) other & 0xff;
        int count = (int) (other >>> 8) & 0xff;
        long shifted = from < Long.SIZE ? value >>> from : 0;
        setLogic(in.reg, count < Long.SIZE ? shifted & ~(-1L << count) : shifted, size, false);
      }
      case PEXT -> operands.setRegister(in.reg, size, Val.extract(other, value));
      case PDEP -> operands.setRegister(in.reg, size, Val.deposit(other, value));
      default -> throw new IllegalStateException("no bit instruction: " + in.op);
    }
  }

  private void setLogic(int register, long value, int size, boolean cf) {
    operands.setRegister(register, size, value);
    flags.setShifted(Val.signExtend(value, size), cf, false);
  }
}
