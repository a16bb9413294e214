package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;

/** IRET, IRETD and IRETQ (volume 2, “IRET/IRETD—Interrupt Return”). */
final class InterruptReturn {
  /** The selectors above ESP in the frame that enters virtual-8086 mode. */
  private static final int[] FRAME = {
    Instruction.SS, Instruction.ES, Instruction.DS, Instruction.FS, Instruction.GS
  };

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final FarTransfer far;
  private final FlagsImage flagsImage;
  private final SegmentLoad segmentLoad;
  private final TaskSwitch tasks;
  private final Faults faults;
  private final int[] frame = new int[6];

  InterruptReturn(
      Processor processor,
      Operands operands,
      FarTransfer far,
      FlagsImage flagsImage,
      SegmentLoad segmentLoad,
      TaskSwitch tasks,
      Faults faults) {
    this.segmentLoad = segmentLoad;
    this.tasks = tasks;
    this.processor = processor;
    this.operands = operands;
    this.far = far;
    this.flagsImage = flagsImage;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
  }

  /** Returns by a frame of slots of {@code size} bytes. */
  void execute(int size, int length) {
    processor.sensitive().iretBegins();
    flagsImage.requireAccess();
    boolean virtual = segments.virtual8086();
    boolean protectedMode = segments.protectedMode() && !virtual;
    if (protectedMode && (state.controlFlags() & FlagsImage.NT) != 0) {
      if (state.inIa32eMode()) {
        throw faults.generalProtection(0);
      }
      tasks.back(length);
      processor.sensitive().iret();
      return;
    }
    long rip = operands.peek(0, size);
    int selector = (int) operands.peek(size, size) & 0xffff;
    long image = operands.peek(2 * size, size);
    if (protectedMode) {
      returnInProtectedMode(size, rip, selector, image);
    } else {
      far.requireRealModeOffset(rip);
      operands.release(3L * size);
      far.loadRealModeCode(selector);
      state.setRflags(flagsImage.returned(image, size));
    }
    operands.setNextRip(rip);
    processor.sensitive().iret();
  }

  private void returnInProtectedMode(int size, long rip, int selector, long image) {
    if (size == 4 && !state.inIa32eMode() && state.cpl() == 0 && (image & CpuState.VM) != 0) {
      enterVirtual8086(rip, selector, image);
      return;
    }
    far.requireReturn(selector, rip);
    far.requireLevelOfFred(selector);
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

  /** "Entering Virtual-8086 Mode" (20.2.5): a frame of nine doublewords. */
  private void enterVirtual8086(long rip, int selector, long image) {
    if (rip > 0xffff) {
      throw faults.generalProtection(0);
    }
    for (int i = 0; i < FRAME.length; i++) {
      frame[FRAME[i]] = (int) operands.peek(16 + 4 * i, 4) & 0xffff;
    }
    long rsp = operands.peek(12, 4);
    frame[Instruction.CS] = selector;
    state.setRflags(image & FlagsImage.DEFINED);
    state.setRegister(CpuState.RSP, rsp);
    segmentLoad.loadVirtual8086(frame);
  }
}
