package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;

/** SYSCALL and SYSRET ("Fast System Calls in 64-Bit Mode", 5.8.8), SYSENTER and SYSEXIT (5.8.7). */
final class FastSystemCall {
  private static final int SYSCALL = 1;
  private static final int SYSENTER = 2;
  private static final int R11 = 11;
  private static final long FIXED = CpuState.FIXED_1;
  private static final long RESTORED = 0x3c7fd7;
  private static final int DPL3 = 3 << 5;

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Faults faults;

  FastSystemCall(Processor processor, Operands operands, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.faults = faults;
    state = operands.state;
  }

  void call(int length) {
    requireEnabled();
    if (state.usesFred()) {
      deliver(SYSCALL, length);
      return;
    }
    state.setRegister(RCX, operands.nextRip());
    state.setRegister(R11, state.rflags());
    operands.setNextRip(processor.msrs().get(Msr.IA32_LSTAR));
    long cleared = processor.msrs().get(Msr.IA32_FMASK) | CpuState.RF;
    state.setRflags((state.rflags() & ~cleared) | FIXED);
    int selector = (int) (processor.msrs().get(Msr.IA32_STAR) >>> 32) & 0xfffc;
    state.loadSegment(Segment.CS, selector, 0, -1, Segment.FLAT_CODE | Segment.LONG);
    state.loadSegment(Segment.SS, selector + 8, 0, -1, Segment.FLAT_DATA);
  }

  /** To 64-bit mode if {@code size} is 8, else to compatibility mode. */
  void sysret(int size) {
    requireEnabled();
    requireNoFred();
    if (state.cpl() > 0) {
      throw faults.generalProtection(0);
    }
    long target = state.register(RCX);
    boolean to64 = size == 8;
    if (to64 && !operands.segments.isCanonical(target)) {
      throw faults.generalProtection(0);
    }
    long flags = (state.register(R11) & RESTORED) | FIXED;
    int base = (int) (processor.msrs().get(Msr.IA32_STAR) >>> 48) & 0xffff;
    int mode = to64 ? Segment.LONG : Segment.DEFAULT_BIG;
    state.loadSegment(
        Segment.CS, (to64 ? base + 16 : base) | 3, 0, -1, Segment.FLAT_CODE | mode | DPL3);
    state.loadSegment(Segment.SS, base + 8 | 3, 0, -1, Segment.FLAT_DATA | DPL3);
    state.setRflags(flags);
    operands.setNextRip(to64 ? target : target & 0xffffffffL);
  }

  /** SYSENTER ("SYSENTER and SYSEXIT Instructions in IA-32e Mode", 5.8.7.1). */
  void enter(int length) {
    if (state.usesFred()) {
      deliver(SYSENTER, length);
      return;
    }
    int selector = sysenterSelector();
    boolean long64 = state.inIa32eMode();
    long mask = long64 ? -1 : 0xffffffffL;
    int mode = long64 ? Segment.LONG : Segment.DEFAULT_BIG;
    state.setRflags(state.rflags() & ~(CpuState.VM | CpuState.IF));
    state.loadSegment(Segment.CS, selector, 0, -1, Segment.FLAT_CODE | mode);
    state.loadSegment(Segment.SS, selector + 8, 0, -1, Segment.FLAT_DATA);
    state.setRegister(RSP, processor.msrs().get(Msr.IA32_SYSENTER_ESP) & mask);
    operands.setNextRip(processor.msrs().get(Msr.IA32_SYSENTER_EIP) & mask);
  }

  /** SYSEXIT: to 64-bit mode if {@code size} is 8. */
  void exit(int size) {
    requireNoFred();
    int base = sysenterSelector();
    if (state.cpl() > 0) {
      throw faults.generalProtection(0);
    }
    boolean to64 = size == 8;
    long mask = to64 ? -1 : 0xffffffffL;
    long rsp = state.register(RCX) & mask;
    long rip = state.register(RDX) & mask;
    if (!operands.segments.isCanonical(rip) || !operands.segments.isCanonical(rsp)) {
      throw faults.generalProtection(0);
    }
    int selector = to64 ? base + 32 : base + 16;
    int mode = to64 ? Segment.LONG : Segment.DEFAULT_BIG;
    state.loadSegment(Segment.CS, selector | 3, 0, -1, Segment.FLAT_CODE | mode | DPL3);
    state.loadSegment(Segment.SS, (selector + 8) | 3, 0, -1, Segment.FLAT_DATA | DPL3);
    state.setRegister(RSP, rsp);
    operands.setNextRip(rip);
  }

  private int sysenterSelector() {
    int selector = (int) processor.msrs().get(Msr.IA32_SYSENTER_CS) & 0xfffc;
    if (!operands.segments.protectedMode() || selector == 0) {
      throw faults.generalProtection(0);
    }
    return selector;
  }

  /** While FRED transitions are enabled both are events, which ERETU returns from. */
  private void deliver(int number, int length) {
    faults.settle();
    faults.require(processor.sensitive().systemCall(number, length));
  }

  private void requireNoFred() {
    if (state.usesFred()) {
      throw faults.invalidOpcode();
    }
  }

  private void requireEnabled() {
    if (!operands.segments.bits64() || (state.efer() & CpuState.EFER_SCE) == 0) {
      throw faults.invalidOpcode();
    }
  }
}
