package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.LocalApic;
import java.util.Arrays;

/**
 * INIT and start-up IPIs outside VMX non-root operation: "Processor State After Reset" (9.1.1,
 * Table 9-1, column INIT) and "MP Initialization Protocol" (8.4.3).
 */
final class StartUp {
  private static final int RESET_CODE_SELECTOR = 0xf000;
  private static final long RESET_CODE_BASE = 0xffff0000L;
  private static final long RESET_RIP = 0xfff0;
  private static final int LIMIT_64K = 0xffff;
  private static final int REAL_MODE_DATA = 0x93;
  private static final int REAL_MODE_CODE = 0x9b;
  private static final int LDT = 0x82;

  private StartUp() {}

  /**
   * An INIT: the registers of Table 9-1 and the local APIC's; a processor that is not the bootstrap
   * processor then waits for a start-up IPI. CR0.CD and CR0.NW, the MSRs that are not registers of
   * Table 9-1, and the time-stamp counter stay.
   */
  static void init(Processor processor) {
    CpuState state = processor.state();
    long cache = state.cr0() & (CpuState.CR0_CD | CpuState.CR0_NW);
    state.setControlRegisters(cache | CpuState.CR0_ET, 0, 0, 0);
    processor.mmu().reset();
    state.cr2 = 0;
    state.setRflags(CpuState.FIXED_1);
    state.rip = RESET_RIP;
    Arrays.fill(state.registers, 0);
    state.setRegister(CpuState.RDX, processor.profile().cpuid().register(1, 0, Cpuid.EAX));
    for (int i = 0; i < Segment.COUNT; i++) {
      state.loadSegment(Segment.of(i), 0, 0, LIMIT_64K, REAL_MODE_DATA);
    }
    state.loadSegment(Segment.CS, RESET_CODE_SELECTOR, RESET_CODE_BASE, LIMIT_64K, REAL_MODE_CODE);
    state.loadSegment(Segment.LDTR, 0, 0, LIMIT_64K, LDT);
    state.loadSegment(Segment.TR, 0, 0, LIMIT_64K, Segment.BUSY_TSS);
    state.gdtrBase = 0;
    state.gdtrLimit = LIMIT_64K;
    state.idtrBase = 0;
    state.idtrLimit = LIMIT_64K;
    Arrays.fill(state.debug, 0);
    state.debug[6] = CpuState.DR6_RESET;
    state.debug[7] = CpuState.DR7_RESET;
    state.pendingDebugExceptions = 0;
    state.interruptibility = 0;
    LocalApic apic = processor.localApic();
    if (apic != null) {
      apic.init();
    }
    boolean bootstrap = apic != null && apic.isBootstrap();
    state.activity = bootstrap ? ActivityState.ACTIVE : ActivityState.WAIT_FOR_SIPI;
  }

  /** A start-up IPI: real mode at VV00:0000, where VV is the vector. */
  static void start(Processor processor, int vector) {
    CpuState state = processor.state();
    state.loadSegment(Segment.CS, vector << 8, (long) vector << 12, LIMIT_64K, REAL_MODE_CODE);
    state.rip = 0;
    state.activity = ActivityState.ACTIVE;
  }
}
