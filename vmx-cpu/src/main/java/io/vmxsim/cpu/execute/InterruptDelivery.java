package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;

/**
 * Delivery of events through the interrupt table ("Exception- or Interrupt-Handler Procedures",
 * 6.12.1; "Exception and Interrupt Handling in 64-bit Mode", 6.14; “INT n”, volume 2). Nothing of
 * the processor's state changes before the last thing that can fault.
 */
final class InterruptDelivery {
  private static final int INTERRUPT_GATE_16 = 6;
  private static final int TRAP_GATE_16 = 7;
  private static final int INTERRUPT_GATE = 14;
  private static final int TRAP_GATE = 15;
  private static final int TASK_GATE = 5;
  private static final int TSS_RSP0 = 4;
  private static final int TSS_IST1 = 36;
  private static final int DEBUG = 1;
  private static final int DOUBLE_FAULT = 8;
  private static final long CLEARED = CpuState.TF | CpuState.VM | CpuState.RF | FlagsImage.NT;

  private final Processor processor;
  private final CpuState state;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Mem mem;
  private final Descriptor code;
  private final Faults faults;

  private long top;
  private int slot;
  private int cpl;

  InterruptDelivery(
      Processor processor,
      Operands operands,
      SegmentLoad segmentLoad,
      Descriptor code,
      Faults faults) {
    this.processor = processor;
    this.segmentLoad = segmentLoad;
    this.code = code;
    this.faults = faults;
    state = processor.state();
    segments = operands.segments;
    mem = operands.mem;
  }

  /** Passes control to the handler of {@code vector}. */
  void deliver(int vector, int errorCode, boolean hasErrorCode) {
    if (segments.virtual8086()) {
      throw faults.notModelled("event delivery from virtual-8086 mode");
    }
    if (!segments.protectedMode()) {
      deliverInRealMode(vector);
    } else if (state.inIa32eMode()) {
      deliverInIa32eMode(vector, errorCode, hasErrorCode);
    } else {
      deliverInProtectedMode(vector, errorCode, hasErrorCode);
    }
  }

  private EventType type() {
    return InterruptionInformation.type(processor.delivering());
  }

  /** RFLAGS as pushed: RF is set for faults, so that the handler's return makes progress. */
  private long pushedFlags(int vector) {
    boolean fault =
        type() == EventType.HARDWARE_EXCEPTION && vector != DEBUG && vector != DOUBLE_FAULT;
    return fault ? state.rflags() | CpuState.RF : state.rflags();
  }

  private void deliverInRealMode(int vector) {
    if (4 * vector + 3 > (state.idtrLimit & 0xffff)) {
      throw faults.generalProtection(0);
    }
    long entry = mem.loadImplicitly(state.idtrBase + 4L * vector, 4);
    long sp = state.register(RSP) & 0xffff;
    long[] frame = {state.rflags(), state.selectors[Instruction.CS], state.rip};
    for (long value : frame) {
      sp = sp - 2 & 0xffff;
      mem.store(segments.forStore(Instruction.SS, sp, 2), 2, value);
    }
    state.setRegister(RSP, (state.register(RSP) & ~0xffffL) | sp);
    state.selectors[Instruction.CS] = (int) (entry >>> 16);
    state.bases[Instruction.CS] = entry >>> 16 << 4;
    state.rip = entry & 0xffff;
    state.setRflags(state.rflags() & ~(CpuState.IF | CpuState.TF | CpuState.AC | CpuState.RF));
  }

  // ---- IA-32e mode ---------------------------------------------------------------------------

  private void deliverInIa32eMode(int vector, int errorCode, boolean hasErrorCode) {
    int gateError = vector * 8 | Faults.IDT;
    if (16 * vector + 15 > (state.idtrLimit & 0xffff)) {
      throw faults.generalProtection(gateError);
    }
    long address = state.idtrBase + 16L * vector;
    long low = mem.loadImplicitly(address, 8);
    long high = mem.loadImplicitly(address + 8, 8);
    int gate = gateType(low, gateError);
    if (gate != INTERRUPT_GATE && gate != TRAP_GATE) {
      throw faults.generalProtection(gateError);
    }
    requirePresent(low, gateError);
    int selector = (int) (low >>> 16) & 0xffff;
    requireHandler(selector);
    if (!code.isLong() || code.isBig()) {
      throw faults.generalProtection(selector & 0xfffc);
    }
    int before = state.cpl();
    cpl = code.isConforming() ? before : code.dpl();
    int ist = (int) (low >>> 32) & 7;
    top = stackPointer(ist, before) & ~15L;
    slot = 8;
    push64(state.selectors[Instruction.SS] & 0xffff);
    push64(state.register(RSP));
    push64(pushedFlags(vector));
    push64(state.selectors[Instruction.CS] & 0xffff);
    push64(state.rip);
    if (hasErrorCode) {
      push64(errorCode & 0xffffffffL);
    }
    enter(selector, gate);
    if (cpl != before) {
      segmentLoad.setNullStack(cpl, cpl);
    }
    state.setRegister(RSP, top);
    state.rip = offset(low) | high << 32;
  }

  /** From the TSS if IST is in use or the privilege level changes, else the present one. */
  private long stackPointer(int ist, int before) {
    if (ist == 0 && cpl == before) {
      return state.register(RSP);
    }
    int at = ist != 0 ? TSS_IST1 + 8 * (ist - 1) : TSS_RSP0 + 8 * cpl;
    if (at + 7 > (state.limits[7] & 0xffffffffL)) {
      throw faults.invalidTss(state.selectors[7] & 0xfffc);
    }
    return mem.loadImplicitly(state.base(Segment.TR) + at, 8);
  }

  private void push64(long value) {
    top -= slot;
    if (!segments.isCanonical(top)) {
      throw faults.stack(0);
    }
    mem.storeAs(cpl, top, slot, value);
  }

  // ---- Protected mode ------------------------------------------------------------------------

  private void deliverInProtectedMode(int vector, int errorCode, boolean hasErrorCode) {
    int gateError = vector * 8 | Faults.IDT;
    if (8 * vector + 7 > (state.idtrLimit & 0xffff)) {
      throw faults.generalProtection(gateError);
    }
    long gate = mem.loadImplicitly(state.idtrBase + 8L * vector & 0xffffffffL, 8);
    int type = gateType(gate, gateError);
    if (type == TASK_GATE) {
      throw faults.notModelled("a task gate");
    }
    boolean small = type == INTERRUPT_GATE_16 || type == TRAP_GATE_16;
    if (!small && type != INTERRUPT_GATE && type != TRAP_GATE) {
      throw faults.generalProtection(gateError);
    }
    requirePresent(gate, gateError);
    int selector = (int) (gate >>> 16) & 0xffff;
    requireHandler(selector);
    int before = state.cpl();
    cpl = code.isConforming() ? before : code.dpl();
    slot = small ? 2 : 4;
    long flags = pushedFlags(vector);
    if (cpl != before) {
      enterInner(flags, errorCode, hasErrorCode);
    } else {
      top = Val.zeroExtend(state.register(RSP), segments.stackWidth());
      pushFrame(flags, errorCode, hasErrorCode, false);
      int width = segments.stackWidth();
      state.setRegister(RSP, (state.register(RSP) & ~Val.mask(width)) | Val.zeroExtend(top, width));
    }
    enter(selector, type);
    state.rip = small ? gate & 0xffff : offset(gate);
  }

  /** Switches to the stack that the TSS has for the inner level. */
  private void enterInner(long flags, int errorCode, boolean hasErrorCode) {
    int at = 4 + 8 * cpl;
    if ((state.accessRights(Segment.TR) & 8) == 0) {
      throw faults.notModelled("a 16-bit TSS");
    }
    if (at + 5 > (state.limits[7] & 0xffffffffL)) {
      throw faults.invalidTss(state.selectors[7] & 0xfffc);
    }
    long tss = state.base(Segment.TR);
    long esp = mem.loadImplicitly(tss + at & 0xffffffffL, 4);
    int selector = (int) mem.loadImplicitly(tss + at + 4 & 0xffffffffL, 2);
    Descriptor stack = segmentLoad.requireInnerStack(selector, cpl);
    int width = stack.isBig() ? 4 : 2;
    int bytes = slot * (hasErrorCode ? 6 : 5);
    top = Val.zeroExtend(esp, width);
    if (top - bytes < 0 || top - 1 > (stack.limit() & 0xffffffffL)) {
      throw faults.stack(selector & 0xfffc);
    }
    top += stack.base();
    pushFrame(flags, errorCode, hasErrorCode, true);
    long pointer = top - stack.base();
    segmentLoad.set(Instruction.SS, selector);
    state.setRegister(RSP, Val.zeroExtend(pointer, width));
  }

  /** Pushes at {@code top}: linear for an inner stack, else an offset in SS. */
  private void pushFrame(long flags, int errorCode, boolean hasErrorCode, boolean inner) {
    if (inner) {
      push(state.selectors[Instruction.SS] & 0xffff, true);
      push(state.register(RSP), true);
    }
    push(flags, inner);
    push(state.selectors[Instruction.CS] & 0xffff, inner);
    push(state.rip, inner);
    if (hasErrorCode) {
      push(errorCode, inner);
    }
  }

  private void push(long value, boolean linear) {
    if (linear) {
      top -= slot;
      mem.storeAs(cpl, top & 0xffffffffL, slot, value);
    } else {
      top = Val.zeroExtend(top - slot, segments.stackWidth());
      mem.storeAs(cpl, segments.forStore(Instruction.SS, top, slot), slot, value);
    }
  }

  // ---- Both ----------------------------------------------------------------------------------

  /** The type of a gate, which INT n, INT3 and INTO may use only if its DPL allows. */
  private int gateType(long gate, int gateError) {
    int dpl = (int) (gate >>> 45) & 3;
    boolean checked = type().isSoftware() && type() != EventType.PRIVILEGED_SOFTWARE_EXCEPTION;
    if (checked && dpl < state.cpl()) {
      throw faults.generalProtection(gateError);
    }
    return (int) (gate >>> 40) & 31;
  }

  private void requirePresent(long gate, int gateError) {
    if ((gate >>> 47 & 1) == 0) {
      throw faults.notPresent(gateError);
    }
  }

  /** Leaves the descriptor of the handler's code segment read, or faults. */
  private void requireHandler(int selector) {
    int error = selector & 0xfffc;
    if (error == 0 || !code.read(selector) || !code.isCode() || code.dpl() > state.cpl()) {
      throw faults.generalProtection(error);
    }
    if (!code.isPresent()) {
      throw faults.notPresent(error);
    }
  }

  private static long offset(long gate) {
    return (gate & 0xffff) | (gate >>> 32 & 0xffff0000L);
  }

  /** Loads CS and RFLAGS. */
  private void enter(int selector, int gate) {
    code.setAccessed();
    state.loadSegment(
        Segment.CS, (selector & ~3) | cpl, code.base(), code.limit(), code.accessRights());
    boolean masks = gate == INTERRUPT_GATE || gate == INTERRUPT_GATE_16;
    state.setRflags(state.rflags() & ~(masks ? CLEARED | CpuState.IF : CLEARED));
  }
}
