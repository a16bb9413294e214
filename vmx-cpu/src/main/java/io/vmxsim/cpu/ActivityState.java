package io.vmxsim.cpu;

/**
 * What the logical processor is doing: Table 24-1 of "Guest Non-Register State", by number; and two
 * more.
 */
public final class ActivityState {
  /** Executing instructions normally. */
  public static final int ACTIVE = 0;

  /** Inactive because it executed HLT. */
  public static final int HLT = 1;

  /** Inactive because of a triple fault or another serious error. */
  public static final int SHUTDOWN = 2;

  /** Inactive until a start-up IPI arrives. */
  public static final int WAIT_FOR_SIPI = 3;

  /** The VMX-abort shutdown state (27.7), which only a RESET ends; no VMCS holds it. */
  public static final int VMX_ABORT = 4;

  /**
   * Inactive because it executed MWAIT ("MONITOR/MWAIT Instruction", 8.10.4), UMWAIT or TPAUSE; no
   * VMCS holds it (24.4.2).
   */
  public static final int MWAIT = 5;

  private ActivityState() {}
}
