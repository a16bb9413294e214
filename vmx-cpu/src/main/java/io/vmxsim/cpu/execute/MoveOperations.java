package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;

import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/** Data transfer, conversion and exchange ("Data Transfer Instructions", volume 1, 5.1.1). */
final class MoveOperations {
  private final Operands operands;
  private final StatusFlags flags;
  private final AluOperations alu;
  private final SegmentLoad segmentLoad;
  private final Progress progress;
  private final Faults faults;

  MoveOperations(
      Operands operands,
      AluOperations alu,
      SegmentLoad segmentLoad,
      Progress progress,
      Faults faults) {
    this.operands = operands;
    this.alu = alu;
    this.segmentLoad = segmentLoad;
    this.progress = progress;
    this.faults = faults;
    flags = operands.state.status;
  }

  void execute(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case MOV_R_RM -> set(in, operands.load(in));
      case MOV_RM_R, MOVNTI -> operands.store(in, operands.register(in.reg, size));
      case MOV_RM_I -> operands.store(in, in.immediate);
      case LEA -> set(in, operands.offset(in));
      case MOVZX_8 -> set(in, operands.load(in, 1) & 0xff);
      case MOVZX_16 -> set(in, operands.load(in, 2) & 0xffff);
      case MOVSX_8 -> set(in, Val.signExtend(operands.load(in, 1), 1));
      case MOVSX_16 -> set(in, Val.signExtend(operands.load(in, 2), 2));
      case MOVSXD -> set(in, Val.signExtend(operands.load(in, Math.min(size, 4)), 4));
      case CMOV_CC -> {
        long value = operands.load(in);
        boolean moves = flags.condition(in.condition());
        set(in, moves ? value : operands.register(in.reg, size));
      }
      case SET_CC -> operands.store(in, flags.condition(in.condition()) ? 1 : 0);
      default -> exchange(in, size);
    }
  }

  private void set(Instruction in, long value) {
    operands.setRegister(in.reg, in.operandSize, value);
  }

  private void exchange(Instruction in, int size) {
    switch (in.op) {
      case XCHG_RM_R -> {
        long before = operands.loadForUpdate(in);
        long source = operands.register(in.reg, size);
        operands.update(in, source);
        set(in, before);
      }
      case XADD -> {
        long before = operands.loadForUpdate(in);
        long sum = alu.add(before, operands.register(in.reg, size), 0, size);
        set(in, before);
        operands.update(in, sum);
      }
      case CMPXCHG -> {
        long before = operands.loadForUpdate(in);
        alu.subtract(operands.register(RAX, size), before, 0, size);
        boolean equal = flags.zf();
        if (equal) {
          operands.update(in, operands.register(in.reg, size));
        } else {
          // Memory is written all the same; a register keeps even its upper half, as processors do.
          if (in.isMemory) {
            operands.update(in, before);
          }
          operands.setRegister(RAX, size, before);
        }
      }
      case CMPXCHG8B -> compareAndExchangePair(in, 4);
      case CMPXCHG16B -> compareAndExchangePair(in, 8);
      default -> convert(in, size);
    }
  }

  /** CMPXCHG8B and CMPXCHG16B: of two halves of {@code half} bytes. */
  private void compareAndExchangePair(Instruction in, int half) {
    long offset = operands.offset(in);
    long linear = operands.segments.forStore(in.segment, offset, 2 * half);
    if (half == 8 && (linear & 15) != 0) {
      throw faults.generalProtection(0);
    }
    operands.mem.probeStore(linear, 2 * half); // written even if not equal
    long low = operands.mem.load(linear, half);
    long high = operands.mem.load(linear + half, half);
    boolean equal =
        low == Val.zeroExtend(operands.register(RAX, half), half)
            && high == Val.zeroExtend(operands.register(RDX, half), half);
    if (equal) {
      operands.mem.store(linear, half, operands.register(RBX, half));
      operands.mem.store(linear + half, half, operands.register(RCX, half));
    } else {
      operands.setRegister(RAX, half, low);
      operands.setRegister(RDX, half, high);
    }
    flags.setZf(equal);
  }

  private void convert(Instruction in, int size) {
    switch (in.op) {
      case CBW -> {
        long half = Val.signExtend(operands.register(RAX, size / 2), size / 2);
        operands.setRegister(RAX, size, half);
      }
      case CWD -> {
        long top = Val.signExtend(operands.register(RAX, size), size) >> 63;
        operands.setRegister(RDX, size, top);
      }
      case MOVBE_R_M -> set(in, Val.swapBytes(operands.load(in), size));
      case MOVBE_M_R -> operands.store(in, Val.swapBytes(operands.register(in.reg, size), size));
      case XLAT -> {
        long sum = operands.register(RBX, 8) + (operands.register(RAX, 1) & 0xff);
        long offset = Val.zeroExtend(sum, in.addressSize);
        long linear = operands.segments.forLoad(in.segment, offset, 1);
        operands.setRegister(RAX, 1, operands.mem.load(linear, 1));
      }
      default -> segments(in, size);
    }
  }

  private void segments(Instruction in, int size) {
    switch (in.op) {
      // To memory always two bytes, to a register zero-extended to the operand size.
      case MOV_RM_S ->
          operands.store(in, in.isMemory ? 2 : size, operands.state.selectors[in.reg] & 0xffff);
      case MOV_S_RM -> {
        segmentLoad.load(in.reg, (int) operands.load(in, 2) & 0xffff);
        if (in.reg == Instruction.SS) {
          progress.block(Interruptibility.MOV_SS);
        }
      }
      case LES -> loadFarPointer(in, Instruction.ES);
      case LDS -> loadFarPointer(in, Instruction.DS);
      case LSS -> loadFarPointer(in, Instruction.SS);
      case LFS -> loadFarPointer(in, Instruction.FS);
      case LGS -> loadFarPointer(in, Instruction.GS);
      case BOUND -> {
        long index = Val.signExtend(operands.register(in.reg, size), size);
        if (index < Val.signExtend(operands.loadAt(in, 0, size), size)
            || index > Val.signExtend(operands.loadAt(in, size, size), size)) {
          throw faults.boundRange();
        }
      }
      default -> throw new IllegalStateException("no transfer: " + in.op);
    }
  }

  private void loadFarPointer(Instruction in, int segment) {
    long offset = operands.loadAt(in, 0, in.operandSize);
    int selector = (int) operands.loadAt(in, in.operandSize, 2);
    segmentLoad.load(segment, selector);
    set(in, offset);
  }
}
