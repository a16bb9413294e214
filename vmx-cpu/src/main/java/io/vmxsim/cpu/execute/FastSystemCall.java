package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RCX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;

/** SYSCALL and SYSRET ("Fast System Calls in 64-Bit Mode", 5.8.8). */
final class FastSystemCall {
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

  void call() {
    requireEnabled();
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

  private void requireEnabled() {
    if (!operands.segments.bits64() || (state.efer() & CpuState.EFER_SCE) == 0) {
      throw faults.invalidOpcode();
    }
  }
}
