package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Loading segment registers, with the checks that protect them (volume 2, “MOV—Move”, “LLDT”,
 * “LTR”; "Privilege Level Checking When Accessing Data Segments", 5.6).
 */
final class SegmentLoad {
  private static final int REAL_MODE_DATA = 0x93;
  private static final int VIRTUAL_8086 = 0xf3;
  private static final int KEPT_IN_REAL_MODE = Segment.DEFAULT_BIG | Segment.GRANULARITY;
  private static final int SELECTOR = 0xfffc;

  private static final int[] DATA_SEGMENTS = {
    Instruction.ES, Instruction.DS, Instruction.FS, Instruction.GS
  };

  private final Processor processor;
  private final CpuState state;
  private final Segmentation segments;
  private final Faults faults;
  private final Descriptor descriptor;

  SegmentLoad(Processor processor, Segmentation segments, Descriptor descriptor, Faults faults) {
    this.processor = processor;
    state = processor.state();
    this.segments = segments;
    this.descriptor = descriptor;
    this.faults = faults;
  }

  /** Loads ES, SS, DS, FS or GS. */
  void load(int segment, int selector) {
    if (segments.virtual8086()) {
      setVirtual8086(segment, selector);
      return;
    }
    if (!segments.protectedMode()) {
      state.selectors[segment] = selector;
      state.bases[segment] = (long) selector << 4;
      state.accessRights[segment] =
          REAL_MODE_DATA | (state.accessRights[segment] & KEPT_IN_REAL_MODE);
      return;
    }
    if (segment == Instruction.SS) {
      loadStack(selector, state.cpl());
    } else {
      loadData(segment, selector);
    }
  }

  private void loadData(int segment, int selector) {
    if ((selector & SELECTOR) == 0) {
      setNull(segment, selector);
      return;
    }
    int code = selector & SELECTOR;
    if (!descriptor.read(selector) || !descriptor.isReadable()) {
      throw faults.generalProtection(code);
    }
    int weakest = Math.max(selector & 3, state.cpl());
    if (!descriptor.isConforming() && weakest > descriptor.dpl()) {
      throw faults.generalProtection(code);
    }
    if (!descriptor.isPresent()) {
      throw faults.notPresent(code);
    }
    set(segment, selector);
  }

  /** A null selector: any access outside 64-bit mode faults. */
  void setNull(int segment, int selector) {
    state.selectors[segment] = selector;
    state.bases[segment] = 0;
    state.limits[segment] = 0;
    state.accessRights[segment] = Segment.UNUSABLE;
  }

  /** Loads SS for code that runs, or is about to run, at {@code cpl}. */
  void loadStack(int selector, int cpl) {
    if ((selector & SELECTOR) == 0) {
      if (!segments.bits64() || cpl == 3 || (selector & 3) != cpl) {
        throw faults.generalProtection(0);
      }
      setNullStack(selector, cpl);
      return;
    }
    requireStack(selector, cpl);
    set(Instruction.SS, selector);
  }

  /** The null SS of 64-bit mode, whose DPL is the privilege level that the processor has. */
  void setNullStack(int selector, int cpl) {
    setNull(Instruction.SS, selector);
    state.accessRights[Instruction.SS] = Segment.UNUSABLE | cpl << 5;
  }

  /** Leaves the descriptor of a stack segment read, or faults with #GP or #SS. */
  void requireStack(int selector, int cpl) {
    int code = selector & SELECTOR;
    if (!descriptor.read(selector)
        || (selector & 3) != cpl
        || !descriptor.isWritableData()
        || descriptor.dpl() != cpl) {
      throw faults.generalProtection(code);
    }
    if (!descriptor.isPresent()) {
      throw faults.stack(code);
    }
  }

  /**
   * As {@link #requireStack} for the stack from a TSS, whose faults are #TS, and #SS if not
   * present.
   *
   * @return the descriptor, valid until the next one is read
   */
  Descriptor requireInnerStack(int selector, int cpl) {
    int code = selector & SELECTOR;
    if (code == 0
        || !descriptor.read(selector)
        || (selector & 3) != cpl
        || !descriptor.isWritableData()
        || descriptor.dpl() != cpl) {
      throw faults.invalidTss(code);
    }
    if (!descriptor.isPresent()) {
      throw faults.stack(code);
    }
    return descriptor;
  }

  /**
   * After a return to an outer level: data segments that it may not use become null. Their bases,
   * which 64-bit mode uses of FS and GS, stay.
   */
  void dropInnerSegments(int cpl) {
    for (int segment = Instruction.ES; segment <= Instruction.GS; segment++) {
      int rights = state.accessRights[segment];
      boolean conforming = (rights & 0x1c) == 0x1c;
      boolean inner = (rights >>> 5 & 3) < cpl;
      if (segment != Instruction.CS && segment != Instruction.SS && inner && !conforming) {
        state.selectors[segment] = 0;
        state.accessRights[segment] = Segment.UNUSABLE;
      }
    }
  }

  /** Loads a register from the descriptor read last, which has been checked. */
  void set(int segment, int selector) {
    descriptor.setAccessed();
    state.selectors[segment] = selector;
    state.bases[segment] = descriptor.base();
    state.limits[segment] = descriptor.limit();
    state.accessRights[segment] = descriptor.accessRights();
  }

  /** A segment of virtual-8086 mode ("Address Translation", 20.1.1, and 26.3.1.2). */
  void setVirtual8086(int segment, int selector) {
    state.selectors[segment] = selector;
    state.bases[segment] = (long) selector << 4;
    state.limits[segment] = 0xffff;
    state.accessRights[segment] = VIRTUAL_8086;
  }

  /** All six, in the order of their numbers. */
  void loadVirtual8086(int[] selectors) {
    for (int i = 0; i < selectors.length; i++) {
      setVirtual8086(i, selectors[i]);
    }
  }

  /** The LDT of a new task; what LLDT refuses with #GP or #NP is #TS here (Table 7-1). */
  void loadTaskLdt(int selector) {
    state.loadSegment(Segment.LDTR, selector, 0, 0, Segment.UNUSABLE);
    if ((selector & SELECTOR) == 0) {
      return;
    }
    boolean valid =
        (selector & 4) == 0
            && descriptor.read(selector)
            && descriptor.typeAndS() == Descriptor.TYPE_LDT
            && descriptor.isPresent();
    if (!valid) {
      throw faults.invalidTss(selector & SELECTOR);
    }
    state.loadSegment(
        Segment.LDTR, selector, descriptor.base(), descriptor.limit(), descriptor.accessRights());
  }

  /** CS, SS and data segments of a new task, whose CPL is the RPL of its CS (Table 7-1). */
  void loadTaskSegments(int[] selectors) {
    int cs = selectors[Instruction.CS];
    int cpl = cs & 3;
    int error = cs & SELECTOR;
    if (error == 0 || !descriptor.read(cs) || !descriptor.isCode() || !runsAt(cpl)) {
      throw faults.invalidTss(error);
    }
    if (!descriptor.isPresent()) {
      throw faults.notPresent(error);
    }
    set(Instruction.CS, cs);
    int ss = selectors[Instruction.SS];
    requireInnerStack(ss, cpl);
    set(Instruction.SS, ss);
    for (int segment : DATA_SEGMENTS) {
      loadTaskData(segment, selectors[segment], cpl);
    }
  }

  private boolean runsAt(int cpl) {
    return descriptor.isConforming() ? descriptor.dpl() <= cpl : descriptor.dpl() == cpl;
  }

  private void loadTaskData(int segment, int selector, int cpl) {
    int error = selector & SELECTOR;
    if (error == 0) {
      return;
    }
    boolean valid = descriptor.read(selector) && descriptor.isReadable();
    int weakest = Math.max(selector & 3, cpl);
    if (!valid || (!descriptor.isConforming() && weakest > descriptor.dpl())) {
      throw faults.invalidTss(error);
    }
    if (!descriptor.isPresent()) {
      throw faults.notPresent(error);
    }
    set(segment, selector);
  }

  /** LLDT. */
  void loadLdt(int selector) {
    if ((selector & SELECTOR) == 0) {
      state.loadSegment(Segment.LDTR, selector, 0, 0, Segment.UNUSABLE);
      return;
    }
    readSystem(selector, Descriptor.TYPE_LDT);
    long base = systemBase(selector);
    state.loadSegment(Segment.LDTR, selector, base, descriptor.limit(), descriptor.accessRights());
  }

  /** LTR: the TSS becomes busy. */
  void loadTask(int selector) {
    if ((selector & SELECTOR) == 0) {
      throw faults.generalProtection(0);
    }
    readSystem(selector, Descriptor.TYPE_TSS);
    long base = systemBase(selector);
    descriptor.setBusy();
    state.loadSegment(Segment.TR, selector, base, descriptor.limit(), descriptor.accessRights());
  }

  private void readSystem(int selector, int type) {
    int code = selector & SELECTOR;
    if ((selector & 4) != 0 || !descriptor.read(selector)) {
      throw faults.generalProtection(code);
    }
    boolean old = type == Descriptor.TYPE_TSS && !state.inIa32eMode();
    int found = descriptor.typeAndS();
    if (found != type && !(old && found == Descriptor.TYPE_TSS16)) {
      throw faults.generalProtection(code);
    }
    if (!descriptor.isPresent()) {
      throw faults.notPresent(code);
    }
  }

  /** The base of a system segment, of 64 bits in IA-32e mode, where it must be canonical. */
  private long systemBase(int selector) {
    if (!state.inIa32eMode()) {
      return descriptor.base();
    }
    long base = descriptor.base() | descriptor.upperHalf() << 32;
    if (!processor.isCanonical(base)) {
      throw faults.generalProtection(selector & SELECTOR);
    }
    return base;
  }
}
