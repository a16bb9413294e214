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
  private static final int DEBUG = 1;
  private static final int DOUBLE_FAULT = 8;
  private static final long CLEARED = CpuState.TF | CpuState.VM | CpuState.RF | FlagsImage.NT;

  private final Processor processor;
  private final CpuState state;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Mem mem;
  private final Descriptor code;
  private final HandlerStack stack;
  private final TaskSwitch tasks;
  private final FredTransitions fred;
  private final Faults faults;

  private int cpl;

  InterruptDelivery(
      Processor processor,
      Operands operands,
      SegmentLoad segmentLoad,
      Descriptor code,
      HandlerStack stack,
      TaskSwitch tasks,
      FredTransitions fred,
      Faults faults) {
    this.processor = processor;
    this.segmentLoad = segmentLoad;
    this.code = code;
    this.stack = stack;
    this.tasks = tasks;
    this.fred = fred;
    this.faults = faults;
    state = processor.state();
    segments = operands.segments;
    mem = operands.mem;
  }

  /** Passes control to the handler of {@code vector}. */
  void deliver(int vector, int errorCode, boolean hasErrorCode) {
    if (!segments.protectedMode()) {
      deliverInRealMode(vector);
    } else if (state.inIa32eMode()) {
      deliverInIa32eMode(vector, errorCode, hasErrorCode);
    } else {
      requireVirtual8086();
      deliverInProtectedMode(vector, errorCode, hasErrorCode);
    }
  }

  /** INT n in virtual-8086 mode needs IOPL 3 (20.3.3). */
  private void requireVirtual8086() {
    if (segments.virtual8086() && type() == EventType.SOFTWARE_INTERRUPT) {
      segments.requireVirtual8086Iopl();
    }
  }

  private EventType type() {
    return InterruptionInformation.type(processor.events().delivering());
  }

  /**
   * RFLAGS as pushed: RF is set for faults, so that the handler's return makes progress; not for
   * those that VM entry injects (26.5.1.1).
   */
  private long pushedFlags(int vector) {
    boolean fault =
        !processor.events().isInjecting()
            && type() == EventType.HARDWARE_EXCEPTION
            && vector != DEBUG
            && vector != DOUBLE_FAULT;
    return fault ? state.rflags() | CpuState.RF : state.rflags();
  }

  /** "Interrupt and Exception Handling" in real-address mode (20.1.4). */
  private void deliverInRealMode(int vector) {
    if (4 * vector + 3 > (state.idtrLimit & 0xffff)) {
      throw faults.generalProtection(vector * 8 | Faults.IDT);
    }
    long entry = mem.loadImplicitly(state.idtrBase + 4L * vector, 4);
    stack.usePresent(2);
    stack.push(state.rflags());
    stack.push(state.selectors[Instruction.CS]);
    stack.push(state.rip);
    stack.load();
    state.selectors[Instruction.CS] = (int) (entry >>> 16);
    state.bases[Instruction.CS] = entry >>> 16 << 4;
    state.rip = entry & 0xffff;
    state.setRflags(state.rflags() & ~(CpuState.IF | CpuState.TF | CpuState.AC | CpuState.RF));
  }

  // ---- IA-32e mode ---------------------------------------------------------------------------

  private void deliverInIa32eMode(int vector, int errorCode, boolean hasErrorCode) {
    if (state.usesFred()) {
      fred.deliver(vector, errorCode, hasErrorCode, pushedFlags(vector));
      return;
    }
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
    long target = offset(low) | high << 32;
    cpl = code.isConforming() ? state.cpl() : code.dpl();
    stack.use64(cpl, (int) (low >>> 32) & 7);
    stack.align();
    if (!segments.isCanonical(target)) {
      throw faults.generalProtection(0);
    }
    stack.push(state.selectors[Instruction.SS] & 0xffff);
    stack.push(state.register(RSP));
    pushReturn(pushedFlags(vector), errorCode & 0xffffffffL, hasErrorCode);
    enter(selector, gate);
    stack.load();
    state.rip = target;
  }

  // ---- Protected mode ------------------------------------------------------------------------

  private void deliverInProtectedMode(int vector, int errorCode, boolean hasErrorCode) {
    int gateError = vector * 8 | Faults.IDT;
    if (8 * vector + 7 > (state.idtrLimit & 0xffff)) {
      throw faults.generalProtection(gateError);
    }
    long gate = mem.loadImplicitly((state.idtrBase + 8L * vector) & 0xffffffffL, 8);
    int type = gateType(gate, gateError);
    boolean small = type == INTERRUPT_GATE_16 || type == TRAP_GATE_16;
    if (!small && type != INTERRUPT_GATE && type != TRAP_GATE && type != TASK_GATE) {
      throw faults.generalProtection(gateError);
    }
    requirePresent(gate, gateError);
    int selector = (int) (gate >>> 16) & 0xffff;
    if (type == TASK_GATE) {
      tasks.deliver(selector, pushedFlags(vector), errorCode, hasErrorCode);
      return;
    }
    requireHandler(selector);
    boolean virtual = segments.virtual8086();
    cpl = code.isConforming() ? state.cpl() : code.dpl();
    if (virtual && cpl != 0) {
      throw faults.generalProtection(selector & 0xfffc);
    }
    int slot = small ? 2 : 4;
    if (cpl != state.cpl()) {
      stack.useInner(cpl, slot, (virtual ? 9 : 5) + (hasErrorCode ? 1 : 0));
      if (virtual) {
        pushVirtual8086Segments();
      }
      stack.push(state.selectors[Instruction.SS] & 0xffff);
      stack.push(state.register(RSP));
    } else {
      stack.usePresent(slot);
    }
    long target = small ? gate & 0xffff : offset(gate);
    requireInside(target);
    pushReturn(pushedFlags(vector), errorCode, hasErrorCode);
    enter(selector, type);
    stack.load();
    state.rip = target;
    if (virtual) {
      dropVirtual8086Segments();
    }
  }

  private void requireInside(long target) {
    if (target > (code.limit() & 0xffffffffL)) {
      throw faults.generalProtection(0);
    }
  }

  private void pushVirtual8086Segments() {
    stack.push(state.selectors[Instruction.GS] & 0xffff);
    stack.push(state.selectors[Instruction.FS] & 0xffff);
    stack.push(state.selectors[Instruction.DS] & 0xffff);
    stack.push(state.selectors[Instruction.ES] & 0xffff);
  }

  private void dropVirtual8086Segments() {
    segmentLoad.setNull(Instruction.GS, 0);
    segmentLoad.setNull(Instruction.FS, 0);
    segmentLoad.setNull(Instruction.DS, 0);
    segmentLoad.setNull(Instruction.ES, 0);
  }

  // ---- Both ----------------------------------------------------------------------------------

  private void pushReturn(long flags, long errorCode, boolean hasErrorCode) {
    stack.push(flags);
    stack.push(state.selectors[Instruction.CS] & 0xffff);
    stack.push(state.rip);
    if (hasErrorCode) {
      stack.push(errorCode);
    }
  }

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
