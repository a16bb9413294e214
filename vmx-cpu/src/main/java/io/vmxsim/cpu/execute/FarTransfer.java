package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Far JMP, CALL and RET ("Privilege Level Checking When Transferring Program Control Between Code
 * Segments", 5.8), through call gates too.
 */
final class FarTransfer {
  private static final int SELECTOR = 0xfffc;
  private static final int CALL_GATE_16 = 4;
  private static final int TASK_GATE = 5;
  private static final int CALL_GATE = 12;

  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Descriptor code;
  private final HandlerStack stack;
  private final TaskSwitch tasks;
  private final Faults faults;

  FarTransfer(
      Operands operands,
      SegmentLoad segmentLoad,
      Descriptor code,
      HandlerStack stack,
      TaskSwitch tasks,
      Faults faults) {
    this.stack = stack;
    this.tasks = tasks;
    this.operands = operands;
    this.segmentLoad = segmentLoad;
    this.code = code;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
  }

  void jump(int selector, long offset, int length) {
    if (isRealMode()) {
      realMode(selector, offset);
    } else if (isCode(selector)) {
      requireCode(selector, selector & 3, false);
      requireOffset(offset);
      setCode(selector, state.cpl());
      operands.setNextRip(offset);
    } else {
      throughSystemDescriptor(selector, false, length);
    }
  }

  void call(int selector, long offset, int size, int length) {
    if (isRealMode()) {
      requireRealModeOffset(offset);
      callPresentLevel(size);
      loadRealModeCode(selector);
      operands.setNextRip(offset);
    } else if (isCode(selector)) {
      requireCode(selector, selector & 3, false);
      requireOffset(offset);
      callPresentLevel(size);
      setCode(selector, state.cpl());
      operands.setNextRip(offset);
    } else {
      throughSystemDescriptor(selector, true, length);
    }
  }

  private boolean isRealMode() {
    return !segments.protectedMode() || segments.virtual8086();
  }

  /** Pushes the return address on the present stack. */
  private void callPresentLevel(int size) {
    stack.usePresent(size);
    pushReturn();
    stack.load();
  }

  private void pushReturn() {
    stack.push(state.selectors[Instruction.CS] & 0xffff);
    stack.push(operands.nextRip());
  }

  // ---- Real-address and virtual-8086 mode ----------------------------------------------------

  private void realMode(int selector, long offset) {
    requireRealModeOffset(offset);
    loadRealModeCode(selector);
    operands.setNextRip(offset);
  }

  void requireRealModeOffset(long offset) {
    if (offset > (state.limits[Instruction.CS] & 0xffffffffL)) {
      throw faults.generalProtection(0);
    }
  }

  void loadRealModeCode(int selector) {
    if (segments.virtual8086()) {
      segmentLoad.setVirtual8086(Instruction.CS, selector);
    } else {
      state.selectors[Instruction.CS] = selector;
      state.bases[Instruction.CS] = (long) selector << 4;
    }
  }

  // ---- Code segments -------------------------------------------------------------------------

  /** Reads the descriptor of the target, or faults; whether it is a code or data segment's. */
  private boolean isCode(int selector) {
    int error = selector & SELECTOR;
    if (error == 0) {
      throw faults.generalProtection(0);
    }
    if (!code.read(selector)) {
      throw faults.generalProtection(error);
    }
    return (code.typeAndS() & 0x10) != 0;
  }

  /**
   * The descriptor that has been read must be one of code that may be entered.
   *
   * @param rpl the requested privilege level; a gate has checked it already and asks for 0
   * @param inner whether code of an inner level may be, through a gate
   */
  private void requireCode(int selector, int rpl, boolean inner) {
    int error = selector & SELECTOR;
    int cpl = state.cpl();
    boolean permitted =
        (code.isConforming() || inner) ? code.dpl() <= cpl : rpl <= cpl && code.dpl() == cpl;
    if (!code.isCode() || !permitted || isInvalidLong()) {
      throw faults.generalProtection(error);
    }
    if (!code.isPresent()) {
      throw faults.notPresent(error);
    }
  }

  // ---- Gates and tasks -----------------------------------------------------------------------

  /** A call gate, a task gate or a TSS ("Gate Descriptors", 5.8.2). */
  private void throughSystemDescriptor(int selector, boolean call, int length) {
    int error = selector & SELECTOR;
    int type = code.typeAndS();
    boolean long64 = state.inIa32eMode();
    boolean gate = type == CALL_GATE || (!long64 && type == CALL_GATE_16);
    boolean taskGate = !long64 && type == TASK_GATE;
    boolean tss = !long64 && (type == Descriptor.TYPE_TSS || type == Descriptor.TYPE_TSS16);
    boolean permitted = code.dpl() >= Math.max(state.cpl(), selector & 3);
    if (!permitted || !(gate || taskGate || tss)) {
      throw faults.generalProtection(error);
    }
    if (tss) {
      tasks.transfer(selector, call, length);
      return;
    }
    if (!code.isPresent()) {
      throw faults.notPresent(error);
    }
    if (taskGate) {
      tasks.transfer(code.gateSelector(), call, length);
    } else {
      throughCallGate(type, error, call);
    }
  }

  private void throughCallGate(int type, int error, boolean call) {
    boolean long64 = state.inIa32eMode();
    long offset = type == CALL_GATE_16 ? code.gateOffset() & 0xffff : code.gateOffset();
    if (long64) {
      long upper = code.upperHalf();
      if ((upper >>> 40 & 0x1f) != 0) {
        throw faults.generalProtection(error);
      }
      offset |= upper << 32;
    }
    int size = long64 ? 8 : type == CALL_GATE_16 ? 2 : 4;
    int parameters = long64 ? 0 : code.gateParameters();
    int selector = code.gateSelector();
    if (!isCode(selector)) {
      throw faults.generalProtection(selector & SELECTOR);
    }
    if (long64 && !code.isLong()) {
      throw faults.generalProtection(selector & SELECTOR);
    }
    requireCode(selector, 0, call);
    int cpl = code.isConforming() ? state.cpl() : code.dpl();
    if (call) {
      callThroughGate(cpl, size, parameters, offset);
    } else {
      requireOffset(offset);
    }
    setCode(selector, cpl);
    operands.setNextRip(offset);
  }

  /** Pushes the return address, on the stack of an inner level after the caller's parameters. */
  private void callThroughGate(int cpl, int size, int parameters, long offset) {
    if (cpl == state.cpl()) {
      requireOffset(offset);
      if (size == 8) {
        stack.use64(cpl, 0);
      } else {
        stack.usePresent(size);
      }
      pushReturn();
      stack.load();
      return;
    }
    if (size == 8) {
      stack.use64(cpl, 0);
    } else {
      stack.useInner(cpl, size, 4 + parameters);
    }
    requireOffset(offset);
    stack.push(state.selectors[Instruction.SS] & 0xffff);
    stack.push(state.register(RSP));
    for (int i = parameters - 1; i >= 0; i--) {
      stack.push(operands.peek(i * size, size));
    }
    pushReturn();
    stack.load();
  }

  private boolean isInvalidLong() {
    return state.inIa32eMode() && code.isLong() && code.isBig();
  }

  /** The offset must lie in the segment whose descriptor has been read. */
  private void requireOffset(long offset) {
    if (!isOffset(offset)) {
      throw faults.generalProtection(0);
    }
  }

  private boolean isOffset(long offset) {
    if (state.inIa32eMode() && code.isLong()) {
      return segments.isCanonical(offset);
    }
    return offset >= 0 && offset <= (code.limit() & 0xffffffffL);
  }

  private void setCode(int selector, int cpl) {
    code.setAccessed();
    state.loadSegment(
        Segment.CS, (selector & ~3) | cpl, code.base(), code.limit(), code.accessRights());
  }

  /** RET far: releases {@code bytes} of parameters. */
  void returnFrom(int size, int bytes) {
    long rip = operands.peek(0, size);
    int selector = (int) operands.peek(size, size) & 0xffff;
    if (isRealMode()) {
      realMode(selector, rip);
      operands.release(2L * size + bytes);
      return;
    }
    int rpl = selector & 3;
    requireReturn(selector, rip);
    requireLevelOfFred(selector);
    if (rpl == state.cpl()) {
      setCode(selector, rpl);
      operands.release(2L * size + bytes);
    } else {
      long rsp = operands.peek(2 * size + bytes, size);
      int stack = (int) operands.peek(3 * size + bytes, size) & 0xffff;
      returnToOuter(selector, stack, rsp + bytes);
    }
    operands.setNextRip(rip);
  }

  /** With FRED transitions only those change the privilege level. */
  void requireLevelOfFred(int selector) {
    if (state.usesFred() && (selector & 3) != state.cpl()) {
      throw faults.generalProtection(selector & SELECTOR);
    }
  }

  /** Leaves the descriptor of the code to return to read, or faults (volume 2, “RET”, “IRET”). */
  void requireReturn(int selector, long rip) {
    int error = selector & SELECTOR;
    if (error == 0) {
      throw faults.generalProtection(0);
    }
    int rpl = selector & 3;
    if (!code.read(selector)
        || !code.isCode()
        || rpl < state.cpl()
        || (code.isConforming() ? code.dpl() > rpl : code.dpl() != rpl)
        || isInvalidLong()) {
      throw faults.generalProtection(error);
    }
    if (!code.isPresent()) {
      throw faults.notPresent(error);
    }
    requireOffset(rip);
  }

  /** Loads CS from the descriptor that {@link #requireReturn} left, at an unchanged level. */
  void returnToSame(int selector) {
    setCode(selector, selector & 3);
  }

  /** Loads CS and SS, and the stack pointer; then data segments of inner levels go. */
  void returnToOuter(int selector, int stack, long rsp) {
    int rpl = selector & 3;
    int before = state.cpl();
    boolean long64 = state.inIa32eMode() && code.isLong();
    if ((stack & SELECTOR) == 0) {
      if (!long64 || rpl == 3 || (stack & 3) != rpl) {
        throw faults.generalProtection(0);
      }
      setCode(selector, rpl);
      segmentLoad.setNullStack(stack, rpl);
    } else {
      segmentLoad.requireStack(stack, rpl);
      setCode(selector, rpl);
      segmentLoad.set(Instruction.SS, stack);
    }
    boolean big = (state.accessRights(Segment.SS) & Segment.DEFAULT_BIG) != 0;
    operands.setRegister(RSP, long64 ? 8 : big ? 4 : 2, rsp);
    if (rpl > before) {
      segmentLoad.dropInnerSegments(rpl);
    }
  }
}
