package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InstructionClass;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.ExitQualification.TaskSwitch.Source;

/**
 * Task switches, which exist outside IA-32e mode ("Task Switching", 7.3, and "Task Linking", 7.4).
 * Until the new task's registers are loaded a fault leaves the old task as it was; a segment that
 * is not valid faults in the new one.
 */
final class TaskSwitch {
  private static final int SELECTOR = 0xfffc;
  private static final int LOCAL_BREAKPOINTS = 0x155;
  private static final int AVAILABLE_16 = Descriptor.TYPE_TSS16;
  private static final int AVAILABLE_32 = Descriptor.TYPE_TSS;
  private static final int BUSY = 2;

  /**
   * Where a task-state segment of 32 or 16 bits keeps things ("Task-State Segment", 7.2.1, 7.6).
   */
  private enum Layout {
    BITS32(4, 0x67, 0x20, 0x48, 6, 0x60),
    BITS16(2, 0x2b, 0x0e, 0x22, 4, 0x2a);

    final int size;
    final int lowestLimit;

    /** EIP, EFLAGS and the general registers, {@link #size} bytes each. */
    final int registers;

    final int selectors;
    final int segments;
    final int ldt;

    Layout(int size, int lowestLimit, int registers, int selectors, int segments, int ldt) {
      this.size = size;
      this.lowestLimit = lowestLimit;
      this.registers = registers;
      this.selectors = selectors;
      this.segments = segments;
      this.ldt = ldt;
    }

    static Layout of(int type) {
      return (type & 8) != 0 ? BITS32 : BITS16;
    }
  }

  private static final int CR3 = 0x1c;
  private static final int DEBUG_TRAP = 0x64;

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Mem mem;
  private final SegmentLoad segmentLoad;
  private final HandlerStack stack;
  private final Descriptor task;
  private final Progress progress;
  private final Faults faults;

  /** EIP, EFLAGS and the eight general registers of the new task. */
  private final long[] image = new long[10];

  private final int[] selectors = new int[6];
  private int ldt;
  private long cr3;
  private boolean traps;

  TaskSwitch(
      Processor processor,
      Operands operands,
      SegmentLoad segmentLoad,
      HandlerStack stack,
      Progress progress,
      Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.segmentLoad = segmentLoad;
    this.stack = stack;
    this.progress = progress;
    this.faults = faults;
    state = processor.state();
    mem = operands.mem;
    task = new Descriptor(state, mem);
  }

  // ---- Who starts one ------------------------------------------------------------------------

  /** JMP or CALL to a TSS, or through a task gate; the privilege checks have been made. */
  void transfer(int selector, boolean call, int length) {
    progress.settle();
    switchTo(selector, call ? Source.CALL : Source.JMP, state.rflags(), operands.nextRip(), length);
  }

  /** IRET with NT = 1: back to the task that the present TSS is linked to. */
  void back(int length) {
    progress.settle();
    int selector = (int) mem.loadImplicitly(linear(state.base(Segment.TR)), 2);
    long flags = state.rflags() & ~FlagsImage.NT;
    switchTo(selector, Source.IRET, flags, operands.nextRip(), length);
  }

  /** An event goes through a task gate; its error code is for the new task's stack. */
  void deliver(int selector, long flags, int errorCode, boolean hasErrorCode) {
    switchTo(selector, Source.TASK_GATE_IN_IDT, flags, state.rip, 0);
    if (hasErrorCode) {
      operands.segments.refresh();
      mem.refresh();
      stack.usePresent((state.accessRights(Segment.TR) & 8) != 0 ? 4 : 2);
      stack.push(errorCode);
      stack.load();
    }
  }

  // ---- The switch ----------------------------------------------------------------------------

  private void switchTo(int selector, Source source, long flags, long returnAddress, int length) {
    Layout layout = requireTask(selector, source);
    if (processor.inNonRoot()) {
      faults.require(processor.taskSwitchExit(selector, source, length));
    }
    long base = task.base();
    int type = task.typeAndS();
    load(layout, base);
    save(flags, returnAddress);
    boolean nests = source == Source.CALL || source == Source.TASK_GATE_IN_IDT;
    if (nests) {
      mem.storeImplicitly(linear(base), 2, state.selectors[7] & 0xffff);
      image[1] |= FlagsImage.NT;
    } else {
      releasePresent();
    }
    if (source != Source.IRET) {
      task.setBusy();
    }
    commit(source);
    state.loadSegment(Segment.TR, selector, base, task.limit(), 0x80 | type | BUSY);
    enter(layout);
  }

  /** Leaves the descriptor of the new TSS read, or faults (Table 7-1). */
  private Layout requireTask(int selector, Source source) {
    boolean returns = source == Source.IRET;
    int error = selector & SELECTOR;
    int wanted = returns ? BUSY : 0;
    boolean found = (selector & 4) == 0 && error != 0 && task.read(selector);
    int type = found ? task.typeAndS() : 0;
    if (!found || (type != (AVAILABLE_16 | wanted) && type != (AVAILABLE_32 | wanted))) {
      throw returns ? faults.invalidTss(error) : faults.generalProtection(error);
    }
    if (!task.isPresent()) {
      throw faults.notPresent(error);
    }
    Layout layout = Layout.of(type);
    if ((task.limit() & 0xffffffffL) < layout.lowestLimit) {
      throw faults.invalidTss(error);
    }
    return layout;
  }

  private static long linear(long address) {
    return address & 0xffffffffL;
  }

  private void load(Layout layout, long base) {
    for (int i = 0; i < image.length; i++) {
      image[i] =
          mem.loadImplicitly(linear(base + layout.registers + (long) i * layout.size), layout.size);
    }
    for (int i = 0; i < selectors.length; i++) {
      selectors[i] =
          i < layout.segments
              ? (int)
                  mem.loadImplicitly(linear(base + layout.selectors + (long) i * layout.size), 2)
              : 0;
    }
    ldt = (int) mem.loadImplicitly(linear(base + layout.ldt), 2);
    boolean big = layout == Layout.BITS32;
    cr3 = big ? mem.loadImplicitly(linear(base + CR3), 4) : 0;
    traps = big && (mem.loadImplicitly(linear(base + DEBUG_TRAP), 2) & 1) != 0;
  }

  /** Saves the present task in its TSS. */
  private void save(long flags, long returnAddress) {
    Layout layout = Layout.of(state.accessRights(Segment.TR));
    long at = state.base(Segment.TR) + layout.registers;
    mem.storeImplicitly(linear(at), layout.size, returnAddress);
    mem.storeImplicitly(linear(at + layout.size), layout.size, flags);
    for (int i = 0; i < 8; i++) {
      mem.storeImplicitly(linear(at + (2L + i) * layout.size), layout.size, state.register(i));
    }
    long saved = state.base(Segment.TR) + layout.selectors;
    for (int i = 0; i < layout.segments; i++) {
      mem.storeImplicitly(linear(saved + (long) i * layout.size), 2, state.selectors[i] & 0xffff);
    }
  }

  /** The present task is left for good: its TSS is no longer busy. */
  private void releasePresent() {
    long access = state.gdtrBase + (state.selectors[7] & 0xfff8) + 5;
    mem.storeImplicitly(linear(access), 1, mem.loadImplicitly(linear(access), 1) & ~BUSY);
  }

  /** From here on the instruction or event has happened, and faults are the new task's. */
  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private void commit(Source source) {
    progress.abandon();
    processor.events().committed();
    if (source != Source.TASK_GATE_IN_IDT) {
      processor.retire(InstructionClass.BRANCH.ordinal());
    }
  }

  /** Loads the registers, then the segments with their checks. */
  private void enter(Layout layout) {
    boolean big = layout == Layout.BITS32;
    state.setCr0(state.cr0() | CpuState.CR0_TS);
    state.debug[7] &= ~LOCAL_BREAKPOINTS;
    state.rip = image[0];
    operands.setNextRip(image[0]);
    for (int i = 0; i < 8; i++) {
      state.setRegister(i, big ? image[2 + i] : image[2 + i] | 0xffff0000L);
    }
    if (big && (state.cr0() & CpuState.CR0_PG) != 0) {
      faults.require(processor.sensitive().controlRegisters().setCr3(cr3));
    }
    boolean virtual = big && (image[1] & CpuState.VM) != 0;
    state.setRflags(big ? image[1] & FlagsImage.DEFINED : image[1] & 0x7fd7);
    for (int i = 0; i < selectors.length; i++) {
      segmentLoad.setNull(i, selectors[i]);
    }
    state.accessRights[Instruction.SS] |= (virtual ? 3 : selectors[Instruction.CS] & 3) << 5;
    operands.segments.refresh();
    mem.refresh();
    segmentLoad.loadTaskLdt(ldt);
    if (virtual) {
      segmentLoad.loadVirtual8086(selectors);
    } else {
      segmentLoad.loadTaskSegments(selectors);
    }
    operands.segments.refresh();
    mem.refresh();
    operands.segments.requireTarget(image[0]);
    if (traps) {
      processor.debug().taskEntered();
    }
  }
}
