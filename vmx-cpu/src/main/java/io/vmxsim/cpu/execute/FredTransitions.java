package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.EventDelivery;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;

/**
 * "Flexible Return and Event Delivery" (volume 3, chapter 8, June 2026): delivery of events without
 * the interrupt table, and ERETS and ERETU, which return from it. Shadow stacks and indirect-branch
 * tracking have no part in it here.
 *
 * <p>Nothing of the processor's state changes before the last thing that can fault.
 */
final class FredTransitions {
  /** The frame, in bytes; RSP points to its first slot, the error code. */
  private static final int FRAME = 64;

  private static final int RIP_SLOT = 8;
  private static final int CS_SLOT = 16;
  private static final int RFLAGS_SLOT = 24;
  private static final int RSP_SLOT = 32;
  private static final int SS_SLOT = 40;
  private static final int DATA_SLOT = 48;

  /** Where the handler for events in supervisor mode is, behind the one for user mode. */
  private static final int SUPERVISOR_ENTRY = 0x100;

  /** Bits of IA32_FRED_CONFIG. */
  private static final long STACK_LEVEL = 3;

  private static final long RED_ZONE = 0x1c0;
  private static final int INTERRUPT_LEVEL_SHIFT = 9;
  private static final long ENTRY_PAGE = -0x1000;

  /** Bits above the selector in the augmented CS and SS of a frame. */
  private static final int LEVEL_SHIFT = 16;

  private static final long STI_BLOCKED = 1 << 16;
  private static final long SOFTWARE = 1 << 17;
  private static final long NMI = 1 << 18;
  private static final int VECTOR_SHIFT = 32;
  private static final int TYPE_SHIFT = 48;
  private static final long IN_64_BIT_MODE = 1L << 57;
  private static final long NESTED = 1L << 58;
  private static final int LENGTH_SHIFT = 60;

  /** What must hold of CS, RFLAGS and SS as ERETS and ERETU find them. */
  private static final long SUPERVISOR_CS = 0xfffffffffff8ffffL;

  private static final long SUPERVISOR_FLAGS = 0xffffffffffc2802aL;
  private static final long SUPERVISOR_SS = 0xfff8ffffL;
  private static final long USER_CS = 0xffffffffffff0003L;
  private static final long USER_FLAGS = 0xffffffffffc2b02aL;
  private static final long USER_SS = 0xfff80003L;

  private static final int DPL3 = 3 << 5;

  private static final Msr[] STACKS = {
    Msr.IA32_FRED_RSP0, Msr.IA32_FRED_RSP1, Msr.IA32_FRED_RSP2, Msr.IA32_FRED_RSP3
  };

  private final Processor processor;
  private final CpuState state;
  private final MsrFile msrs;
  private final Operands operands;
  private final Segmentation segments;
  private final Mem mem;
  private final FarTransfer far;
  private final Progress progress;
  private final Faults faults;

  FredTransitions(
      Processor processor, Operands operands, FarTransfer far, Progress progress, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.far = far;
    this.progress = progress;
    this.faults = faults;
    state = processor.state();
    msrs = processor.msrs();
    segments = operands.segments;
    mem = operands.mem;
  }

  // ---- Delivery --------------------------------------------------------------------------------

  /**
   * Passes control to the handler of the event that is being delivered.
   *
   * @param flags RFLAGS for the frame
   */
  void deliver(int vector, int errorCode, boolean hasErrorCode, long flags) {
    EventDelivery event = processor.events();
    boolean user = state.cpl() == 3;
    int presentLevel = user ? 0 : (int) (config() & STACK_LEVEL);
    int level = Math.max(presentLevel, level(vector, user));
    long entry = (config() & ENTRY_PAGE) + (user ? 0 : SUPERVISOR_ENTRY);
    if (!segments.isCanonical(entry)) {
      throw faults.generalProtection(0);
    }
    long top =
        user || level > presentLevel
            ? msrs.get(STACKS[level])
            : state.register(RSP) - (config() & RED_ZONE) & -FRAME;
    long frame = top - FRAME;
    if (!segments.isCanonical(frame)) {
      throw faults.stack(0);
    }
    long cs = (state.selectors[Instruction.CS] & 0xffff) | (long) presentLevel << LEVEL_SHIFT;
    mem.storeAs(0, frame + FRAME - 8, 8, 0);
    mem.storeAs(0, frame + DATA_SLOT, 8, event.deliveringData());
    mem.storeAs(0, frame + SS_SLOT, 8, augmentedSs(event));
    mem.storeAs(0, frame + RSP_SLOT, 8, state.register(RSP));
    mem.storeAs(0, frame + RFLAGS_SLOT, 8, flags);
    mem.storeAs(0, frame + CS_SLOT, 8, cs);
    mem.storeAs(0, frame + RIP_SLOT, 8, state.rip);
    mem.storeAs(0, frame, 8, hasErrorCode ? errorCode & 0xffffffffL : 0);
    if (user) {
      enterSupervisorMode();
    }
    state.setRegister(RSP, frame);
    state.setRflags(CpuState.FIXED_1);
    setLevel(level);
    state.rip = entry;
  }

  /** The stack level that the event asks for. */
  private int level(int vector, boolean user) {
    long information = processor.events().delivering();
    EventType type = InterruptionInformation.type(information);
    boolean nested = InterruptionInformation.isNested(information);
    if (user && !nested && !EventDelivery.isHardware(information, EventDelivery.DOUBLE_FAULT)) {
      return 0;
    }
    return switch (type) {
      case EXTERNAL_INTERRUPT -> (int) (config() >>> INTERRUPT_LEVEL_SHIFT & STACK_LEVEL);
      case SOFTWARE_INTERRUPT, OTHER_EVENT -> 0;
      default -> (int) (msrs.get(Msr.IA32_FRED_STKLVLS) >>> (2 * vector) & STACK_LEVEL);
    };
  }

  /** The SS of a frame tells what the event was. */
  private long augmentedSs(EventDelivery event) {
    long information = processor.events().delivering();
    EventType type = InterruptionInformation.type(information);
    boolean called = type == EventType.SOFTWARE_INTERRUPT || type == EventType.OTHER_EVENT;
    return (state.selectors[Instruction.SS] & 0xffff)
        | (event.wasStiBlocking() ? STI_BLOCKED : 0)
        | (called ? SOFTWARE : 0)
        | (type == EventType.NON_MASKABLE_INTERRUPT ? NMI : 0)
        | (long) InterruptionInformation.vector(information) << VECTOR_SHIFT
        | (long) type.code() << TYPE_SHIFT
        | (state.in64BitMode() ? IN_64_BIT_MODE : 0)
        | (InterruptionInformation.isNested(information) ? NESTED : 0)
        | (long) event.deliveringLength() << LENGTH_SHIFT;
  }

  private void enterSupervisorMode() {
    int selector = (int) (msrs.get(Msr.IA32_STAR) >>> 32) & 0xfffc;
    state.loadSegment(Segment.CS, selector, 0, -1, Segment.FLAT_CODE | Segment.LONG);
    state.loadSegment(Segment.SS, selector + 8, 0, -1, Segment.FLAT_DATA);
    swapGs();
  }

  private void swapGs() {
    long base = state.base(Segment.GS);
    state.setBase(Segment.GS, msrs.get(Msr.IA32_KERNEL_GS_BASE));
    msrs.set(Msr.IA32_KERNEL_GS_BASE, base);
  }

  private long config() {
    return msrs.get(Msr.IA32_FRED_CONFIG);
  }

  private void setLevel(int level) {
    msrs.set(Msr.IA32_FRED_CONFIG, (config() & ~STACK_LEVEL) | level);
  }

  // ---- Return ----------------------------------------------------------------------------------

  /** ERETS: returns within supervisor mode. */
  void returnToSupervisor() {
    requireEnabled();
    long rip = slot(RIP_SLOT);
    long cs = slot(CS_SLOT);
    long flags = slot(RFLAGS_SLOT);
    long rsp = slot(RSP_SLOT);
    long ss = slot(SS_SLOT);
    boolean good =
        segments.isCanonical(rip)
            && (cs & SUPERVISOR_CS) == (state.selectors[Instruction.CS] & 0xffff)
            && (flags & SUPERVISOR_FLAGS) == CpuState.FIXED_1
            && (ss & SUPERVISOR_SS) == (state.selectors[Instruction.SS] & 0xffff);
    if (!good) {
      throw faults.generalProtection(0);
    }
    long level = Math.min(config() & STACK_LEVEL, cs >>> LEVEL_SHIFT & STACK_LEVEL);
    state.setRegister(RSP, rsp);
    setLevel((int) level);
    boolean blocks = (ss & STI_BLOCKED) != 0 && (flags & CpuState.IF) != 0;
    goOn(rip, flags, ss);
    if (blocks) {
      progress.block(Interruptibility.STI);
    }
  }

  /** ERETU: returns to user mode. */
  void returnToUser() {
    requireEnabled();
    if ((config() & STACK_LEVEL) != 0) {
      throw faults.generalProtection(0);
    }
    long rip = slot(RIP_SLOT);
    long cs = slot(CS_SLOT);
    long flags = slot(RFLAGS_SLOT);
    long rsp = slot(RSP_SLOT);
    long ss = slot(SS_SLOT);
    boolean good =
        segments.isCanonical(rip)
            && (cs & USER_CS) == 3
            && (flags & USER_FLAGS) == CpuState.FIXED_1
            && (ss & USER_SS) == 3;
    if (!good) {
      throw faults.generalProtection(0);
    }
    boolean long64 = loadUserSegments((int) cs & 0xffff, (int) ss & 0xffff, rip, rsp);
    long mask = long64 ? -1 : 0xffffffffL;
    state.setRegister(RSP, rsp & mask);
    swapGs();
    goOn(rip & mask, flags, ss);
  }

  /**
   * Loads the standard segments of user mode, as IA32_STAR implies them, at once, and others as
   * IRET does.
   *
   * @return whether they are those of 64-bit mode
   */
  private boolean loadUserSegments(int cs, int ss, long rip, long rsp) {
    int base = (int) (msrs.get(Msr.IA32_STAR) >>> 48) & 0xffff;
    boolean long64 = cs == (base + 16 | 3);
    if (ss != (base + 8 | 3) || (!long64 && cs != (base | 3))) {
      far.requireReturn(cs, rip);
      far.returnToOuter(cs, ss, rsp);
      return state.in64BitMode();
    }
    int mode = long64 ? Segment.LONG : Segment.DEFAULT_BIG;
    state.loadSegment(Segment.CS, cs, 0, -1, Segment.FLAT_CODE | mode | DPL3);
    state.loadSegment(Segment.SS, ss, 0, -1, Segment.FLAT_DATA | DPL3);
    return long64;
  }

  private void goOn(long rip, long flags, long ss) {
    operands.setNextRip(rip);
    state.setRflags(flags);
    boolean stepped = (ss & SOFTWARE) != 0 && (flags & CpuState.TF) != 0;
    processor.sensitive().eventReturn((ss & NMI) != 0, stepped);
  }

  private long slot(int offset) {
    return operands.peek(offset, 8);
  }

  private void requireEnabled() {
    if (!state.usesFred() || state.cpl() > 0) {
      throw faults.invalidOpcode();
    }
  }
}
