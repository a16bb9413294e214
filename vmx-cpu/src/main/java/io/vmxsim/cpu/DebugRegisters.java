package io.vmxsim.cpu;

import org.jspecify.annotations.Nullable;

/**
 * Breakpoints in DR0 to DR3 and what debug exceptions record in DR6 ("Debug Registers", 17.2, and
 * "Debug Exceptions", 17.3). Conditions are bits as the exit qualification and the pending debug
 * exceptions of the VMCS have them.
 */
public final class DebugRegisters {
  /** Debug register access detected: DR7.GD was 1. */
  static final long BD = 1 << 13;

  /** A single step. */
  private static final long BS = 1 << 14;

  /** A switch to a task whose TSS has T = 1; only DR6 has it. */
  private static final long BT = 1 << 15;

  /** In the pending debug exceptions: a data or I/O breakpoint that DR7 enables was met. */
  private static final long ENABLED_BREAKPOINT = 1 << 12;

  private static final long BREAKPOINTS = 0xf;
  private static final long TRAPS = ENABLED_BREAKPOINT | BS | BT;
  private static final long RECORDED = BREAKPOINTS | BD | BS | BT;

  private static final long DR6_WRITABLE = RECORDED;
  private static final long DR7_ENABLES = 0xff;
  private static final long DR7_GENERAL_DETECT = 1 << 13;
  private static final long DR7_WRITABLE = 0xffff23ffL;

  private static final int ON_EXECUTION = 0;
  private static final int ON_WRITE = 1;
  private static final int ON_IO = 2;

  private static final long DEBUGCTL_LBR_BTF = 3;

  private final Processor processor;
  private final CpuState state;
  private long met;
  private transient @Nullable DataWatch watch;

  DebugRegisters(Processor processor) {
    this.processor = processor;
    state = processor.state();
  }

  /** Sets who is told of accesses to data; null for nobody. */
  public void watch(@Nullable DataWatch newWatch) {
    watch = newWatch;
  }

  /** Whether DR7 enables any breakpoint, or somebody is told of accesses. */
  public boolean isArmed() {
    return watch != null || (state.debug[7] & DR7_ENABLES) != 0;
  }

  /** DR6 as MOV stores it: reserved bits keep their values. */
  public static long dr6(long value) {
    return (value & DR6_WRITABLE) | CpuState.DR6_RESET;
  }

  /** DR7 as MOV stores it. */
  public static long dr7(long value) {
    return (value & DR7_WRITABLE) | CpuState.DR7_RESET;
  }

  boolean detectsAccess() {
    return (state.debug[7] & DR7_GENERAL_DETECT) != 0;
  }

  // ---- Conditions ("Breakpoint Exceptions", 17.2.4 and 17.2.5) --------------------------------

  /** An instruction begins: no data or I/O breakpoint of it has been met. */
  public void begin() {
    met = 0;
  }

  /** The breakpoints on the execution of the instruction at a linear address. */
  public long onExecution(long linear) {
    long found = 0;
    for (int i = 0; i < 4; i++) {
      if (isEnabled(state.debug[7], i)
          && kind(state.debug[7], i) == ON_EXECUTION
          && state.debug[i] == linear) {
        found |= 1L << i;
      }
    }
    return found;
  }

  /** The instruction reads or writes data. */
  public void access(long linear, int size, boolean writes) {
    if (watch != null) {
      watch.accessed(processor, linear, size, writes);
    }
    for (int i = 0; i < 4; i++) {
      int kind = kind(state.debug[7], i);
      if ((kind & ON_WRITE) != 0 && (writes || kind != ON_WRITE)) {
        match(i, linear, size);
      }
    }
  }

  /** The instruction accesses ports. */
  void port(int port, int size) {
    if ((state.cr4() & CpuState.CR4_DE) == 0) {
      return;
    }
    met |= onPort(state.debug, state.debug[7], port, size);
  }

  /**
   * The breakpoints on I/O that an access to ports meets where CR4.DE = 1, as pending debug
   * exceptions have them.
   *
   * @param registers DR0 to DR3
   */
  public static long onPort(long[] registers, long dr7, int port, int size) {
    long found = 0;
    for (int i = 0; i < 4; i++) {
      if (kind(dr7, i) == ON_IO && matches(registers[i], dr7, i, port, size)) {
        found |= ENABLED_BREAKPOINT | 1L << i;
      }
    }
    return found;
  }

  private void match(int i, long address, int size) {
    if (matches(state.debug[i], state.debug[7], i, address, size)) {
      met |= ENABLED_BREAKPOINT | 1L << i;
    }
  }

  private static boolean matches(long register, long dr7, int i, long address, int size) {
    long length = length(dr7, i);
    long start = register & -length;
    return isEnabled(dr7, i) && address < start + length && start < address + size;
  }

  private static boolean isEnabled(long dr7, int i) {
    return (dr7 >>> (2 * i) & 3) != 0;
  }

  private static int kind(long dr7, int i) {
    return (int) (dr7 >>> (16 + 4 * i)) & 3;
  }

  /** 1, 2, 8 or 4 bytes, as LEN encodes them in this order. */
  private static long length(long dr7, int i) {
    int code = (int) (dr7 >>> (18 + 4 * i)) & 3;
    return code == 2 ? 8 : code + 1;
  }

  // ---- Exceptions ----------------------------------------------------------------------------

  /**
   * The instruction has completed: the breakpoints it met, and the step if it was one, are pending.
   */
  public void completed(boolean step) {
    state.pendingDebugExceptions |= step ? met | BS : met;
    met = 0;
  }

  /** The TSS of the task that has just been entered has T = 1. */
  public void taskEntered() {
    state.pendingDebugExceptions |= BT;
  }

  /** Whether a pending debug exception is one that will be delivered. */
  boolean isTrapPending() {
    return isTrap(state.pendingDebugExceptions);
  }

  /** Whether pending debug exceptions are valid (26.6.3): a step, or a breakpoint enabled. */
  static boolean isTrap(long pending) {
    return (pending & TRAPS) != 0;
  }

  /** A debug exception happens: what was pending becomes part of it. */
  long take(long conditions) {
    long all = (conditions | state.pendingDebugExceptions) & RECORDED;
    state.pendingDebugExceptions = 0;
    return all;
  }

  /** A debug exception goes through the IDT: DR6 says why, and DR7.GD and DEBUGCTL are cleared. */
  void record(long conditions) {
    state.debug[6] = (state.debug[6] & ~BREAKPOINTS) | conditions;
    state.debug[7] &= ~DR7_GENERAL_DETECT;
    MsrFile msrs = processor.msrs();
    msrs.set(Msr.IA32_DEBUGCTL, msrs.get(Msr.IA32_DEBUGCTL) & ~DEBUGCTL_LBR_BTF);
  }
}
