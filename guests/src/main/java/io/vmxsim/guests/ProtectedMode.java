package io.vmxsim.guests;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;

/** The state that 32-bit boot protocols start a kernel in. */
final class ProtectedMode {
  private static final int CODE = 0x10;
  private static final int DATA = 0x18;

  private ProtectedMode() {}

  /**
   * Flat 32-bit segments, paging and interrupts off, all general registers 0. The descriptor tables
   * are empty: the kernel brings its own.
   */
  static void enter(CpuState state, long entry) {
    state.setCr0(CpuState.CR0_PE | CpuState.CR0_ET);
    state.setRflags(CpuState.FIXED_1);
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, DATA, 0, -1, Segment.FLAT_DATA);
    }
    state.loadSegment(Segment.CS, CODE, 0, -1, Segment.FLAT_CODE | Segment.DEFAULT_BIG);
    state.loadSegment(Segment.LDTR, 0, 0, 0, Segment.UNUSABLE);
    state.loadSegment(Segment.TR, 0, 0, 0xffff, Segment.BUSY_TSS);
    state.rip = entry;
  }
}
