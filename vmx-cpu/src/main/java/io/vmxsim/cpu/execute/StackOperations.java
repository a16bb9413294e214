package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RBP;
import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.decode.Instruction;

/** PUSH, POP and their kin; ENTER and LEAVE ("Procedure Calls", volume 1, chapter 6). */
final class StackOperations {
  private final CpuState state;
  private final Operands operands;
  private final SegmentLoad segmentLoad;
  private final FlagsImage flagsImage;
  private final Progress progress;

  StackOperations(
      Operands operands, SegmentLoad segmentLoad, FlagsImage flagsImage, Progress progress) {
    this.operands = operands;
    this.segmentLoad = segmentLoad;
    this.flagsImage = flagsImage;
    this.progress = progress;
    state = operands.state;
  }

  void execute(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case PUSH_RM -> operands.push(operands.load(in), size);
      case PUSH_I -> operands.push(in.immediate, size);
      case PUSH_S -> operands.push(state.selectors[in.reg] & 0xffff, size);
      case POP_RM -> pop(in, size);
      case POP_S -> {
        segmentLoad.load(in.reg, (int) operands.peek(0, 2));
        operands.release(size);
        if (in.reg == Instruction.SS) {
          progress.block(Interruptibility.MOV_SS);
        }
      }
      case PUSHF -> operands.push(flagsImage.pushed(), size);
      case POPF -> {
        flagsImage.requireAccess();
        long popped = operands.peek(0, size);
        operands.release(size);
        flagsImage.pop(popped, size);
      }
      case PUSHA -> pushAll(size);
      case POPA -> popAll(size);
      case ENTER -> enter(size, (int) in.immediate & 0xffff, in.immediate2 & 31);
      case LEAVE -> leave(size);
      default -> throw new IllegalStateException("no stack instruction: " + in.op);
    }
  }

  /** A memory operand based on RSP is addressed after the increment, which a fault undoes. */
  private void pop(Instruction in, int size) {
    long value = operands.peek(0, size);
    if (!in.isMemory) {
      operands.release(size);
      operands.setRegister(in.rm, size, value);
      return;
    }
    long before = state.register(RSP);
    operands.release(size);
    long after = state.register(RSP);
    long offset = operands.offset(in);
    state.setRegister(RSP, before);
    operands.mem.store(operands.segments.forStore(in.segment, offset, size), size, value);
    state.setRegister(RSP, after);
  }

  private void pushAll(int size) {
    long rsp = state.register(RSP);
    int width = operands.segments.stackWidth();
    for (int i = 0; i < 8; i++) {
      long offset = Val.zeroExtend(rsp - (i + 1L) * size, width);
      long linear = operands.segments.forStore(Instruction.SS, offset, size);
      operands.mem.store(linear, size, state.register(i));
    }
    operands.release(-8L * size);
  }

  private void popAll(int size) {
    operands.peek(7 * size, size);
    for (int i = 7; i >= 0; i--) {
      long value = operands.peek((7 - i) * size, size);
      if (i != RSP) {
        operands.setRegister(i, size, value);
      }
    }
    operands.release(8L * size);
  }

  /** Everything is stored below the stack pointer before a register changes. */
  private void enter(int size, int bytes, int level) {
    int width = operands.segments.stackWidth();
    long rsp = state.register(RSP);
    long rbp = state.register(RBP);
    long frame = Val.zeroExtend(rsp - size, width);
    storeOnStack(frame, size, rbp);
    long top = frame;
    for (int i = 1; i < level; i++) {
      long link = Val.zeroExtend(rbp - (long) i * size, width);
      long linear = operands.segments.forLoad(Instruction.SS, link, size);
      top = Val.zeroExtend(top - size, width);
      storeOnStack(top, size, operands.mem.load(linear, size));
    }
    if (level > 0) {
      top = Val.zeroExtend(top - size, width);
      storeOnStack(top, size, frame);
    }
    top = Val.zeroExtend(top - bytes, width);
    operands.mem.probeStore(operands.segments.forStore(Instruction.SS, top, size), size);
    operands.setRegister(RSP, width, top);
    operands.setRegister(RBP, size, frame);
  }

  private void storeOnStack(long offset, int size, long value) {
    operands.mem.store(operands.segments.forStore(Instruction.SS, offset, size), size, value);
  }

  private void leave(int size) {
    int width = operands.segments.stackWidth();
    long frame = Val.zeroExtend(state.register(RBP), width);
    long linear = operands.segments.forLoad(Instruction.SS, frame, size);
    long value = operands.mem.load(linear, size);
    operands.setRegister(RSP, width, frame + size);
    operands.setRegister(RBP, size, value);
  }
}
