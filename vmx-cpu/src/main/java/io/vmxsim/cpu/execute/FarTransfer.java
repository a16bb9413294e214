package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Far JMP, CALL and RET ("Privilege Level Checking When Transferring Program Control Between Code
 * Segments", 5.8). Gates and task switches are not modelled.
 */
final class FarTransfer {
  private static final int SELECTOR = 0xfffc;

  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Descriptor code;
  private final Faults faults;

  FarTransfer(Operands operands, SegmentLoad segmentLoad, Descriptor code, Faults faults) {
    this.operands = operands;
    this.segmentLoad = segmentLoad;
    this.code = code;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
  }

  void jump(int selector, long offset) {
    if (!segments.protectedMode()) {
      realMode(selector, offset);
      return;
    }
    requireCode(selector);
    requireOffset(offset);
    setCode(selector, state.cpl());
    operands.setNextRip(offset);
  }

  void call(int selector, long offset, int size) {
    if (segments.protectedMode()) {
      requireCode(selector);
      requireOffset(offset);
    }
    long rsp = state.register(RSP);
    operands.push(state.selectors[Instruction.CS] & 0xffff, size);
    long between = state.register(RSP);
    state.setRegister(RSP, rsp); // a fault in the next push leaves it so
    int width = segments.stackWidth();
    long top = Val.zeroExtend(between - size, width);
    operands.mem.store(segments.forStore(Instruction.SS, top, size), size, operands.nextRip());
    operands.setRegister(RSP, width, top);
    if (segments.protectedMode()) {
      setCode(selector, state.cpl());
      operands.setNextRip(offset);
    } else {
      realMode(selector, offset);
    }
  }

  private void realMode(int selector, long offset) {
    if (segments.virtual8086()) {
      throw faults.notModelled("virtual-8086 mode");
    }
    if (offset > (state.limits[Instruction.CS] & 0xffffffffL)) {
      throw faults.generalProtection(0);
    }
    state.selectors[Instruction.CS] = selector;
    state.bases[Instruction.CS] = (long) selector << 4;
    operands.setNextRip(offset);
  }

  /** Leaves the descriptor of the target read, or faults. */
  private void requireCode(int selector) {
    int error = selector & SELECTOR;
    if (error == 0) {
      throw faults.generalProtection(0);
    }
    if (!code.read(selector)) {
      throw faults.generalProtection(error);
    }
    if ((code.typeAndS() & 0x10) == 0) {
      requireSystem(error);
    }
    int cpl = state.cpl();
    boolean permitted =
        code.isConforming() ? code.dpl() <= cpl : (selector & 3) <= cpl && code.dpl() == cpl;
    if (!code.isCode() || !permitted || isInvalidLong()) {
      throw faults.generalProtection(error);
    }
    if (!code.isPresent()) {
      throw faults.notPresent(error);
    }
  }

  private void requireSystem(int error) {
    int type = code.typeAndS();
    boolean gate = state.inIa32eMode() ? type == Descriptor.TYPE_CALL_GATE : type != 0;
    if (gate) {
      throw faults.notModelled("a far transfer through a gate or TSS of type " + type);
    }
    throw faults.generalProtection(error);
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
    if (!segments.protectedMode()) {
      realMode(selector, rip);
      operands.release(2L * size + bytes);
      return;
    }
    int rpl = selector & 3;
    requireReturn(selector, rip);
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
