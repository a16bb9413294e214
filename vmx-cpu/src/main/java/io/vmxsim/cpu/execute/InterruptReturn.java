package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;

/** IRET, IRETD and IRETQ (volume 2, “IRET/IRETD—Interrupt Return”). */
final class InterruptReturn {
  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final FarTransfer far;
  private final FlagsImage flagsImage;
  private final Faults faults;

  InterruptReturn(
      Processor processor,
      Operands operands,
      FarTransfer far,
      FlagsImage flagsImage,
      Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.far = far;
    this.flagsImage = flagsImage;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
  }

  /** Returns by a frame of slots of {@code size} bytes. */
  void execute(int size) {
    processor.sensitive().iretBegins();
    flagsImage.requireAccess();
    long rip = operands.peek(0, size);
    int selector = (int) operands.peek(size, size) & 0xffff;
    long image = operands.peek(2 * size, size);
    if (segments.protectedMode()) {
      returnInProtectedMode(size, rip, selector, image);
    } else {
      state.selectors[Instruction.CS] = selector;
      state.bases[Instruction.CS] = (long) selector << 4;
      operands.release(3L * size);
      state.setRflags(flagsImage.returned(image, size));
    }
    operands.setNextRip(rip);
    processor.sensitive().iret();
  }

  private void returnInProtectedMode(int size, long rip, int selector, long image) {
    if ((state.controlFlags() & FlagsImage.NT) != 0) {
      if (state.inIa32eMode()) {
        throw faults.generalProtection(0);
      }
      throw faults.notModelled("IRET from a nested task");
    }
    if (size != 2 && !state.inIa32eMode() && state.cpl() == 0 && (image & CpuState.VM) != 0) {
      throw faults.notModelled("IRET to virtual-8086 mode");
    }
    far.requireReturn(selector, rip);
    long rflags = flagsImage.returned(image, size);
    if (segments.bits64() || (selector & 3) != state.cpl()) {
      long rsp = operands.peek(3 * size, size);
      int stack = (int) operands.peek(4 * size, size) & 0xffff;
      far.returnToOuter(selector, stack, rsp);
    } else {
      far.returnToSame(selector);
      operands.release(3L * size);
    }
    state.setRflags(rflags);
  }
}
