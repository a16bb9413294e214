package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;

/**
 * The instructions that wait: HLT, PAUSE, MONITOR and MWAIT and, from later editions, UMWAIT and
 * TPAUSE. PAUSE ends its wait at once.
 */
public final class WaitInstructions {

  /** Bits 31:2 of IA32_UMWAIT_CONTROL, a time in ticks of the TSC. */
  private static final long LONGEST_WAIT = 0xfffffffcL;

  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final Admission admission;
  private final TimeStamp timeStamp;
  private final MonitoredLine monitored;
  private final OptimizedWait wait;

  WaitInstructions(Processor processor, Admission admission, TimeStamp timeStamp) {
    this.processor = processor;
    this.admission = admission;
    this.timeStamp = timeStamp;
    state = processor.state();
    monitored = new MonitoredLine(processor.memory());
    wait = new OptimizedWait(processor, monitored);
    intercepts = processor.intercepts();
  }

  /** HLT. */
  public StepOutcome hlt(int length) {
    StepOutcome admitted = admission.admit(Intercept.HLT, 0, length);
    if (admitted == StepOutcome.DONE) {
      admission.done(InstructionClass.HLT);
      state.activity = ActivityState.HLT;
    }
    return admitted;
  }

  /** PAUSE, with PAUSE-loop exiting. */
  public StepOutcome pause(int length) {
    boolean exits =
        intercepts.on(PrimaryControl.PAUSE_EXITING)
            || (state.cpl() == 0 && timeStamp.pauseLoopTooLong());
    if (exits) {
      return processor.vmExit().instruction(ExitReason.PAUSE_INSTRUCTION, 0, length, 0);
    }
    return admission.done(InstructionClass.PAUSE);
  }

  /** MONITOR of the line at a linear address: a load as far as faults go. */
  public StepOutcome monitor(long address, int length) {
    StepOutcome admitted = admission.admit(Intercept.MONITOR, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if ((int) state.register(RCX) != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    StepOutcome armed = arm(address, false);
    return armed == StepOutcome.DONE ? admission.done(InstructionClass.MONITOR) : armed;
  }

  /** UMONITOR of the line at a linear address; the caller retires it. */
  public StepOutcome userMonitor(long address) {
    return arm(address, true);
  }

  private StepOutcome arm(long address, boolean forUser) {
    int user = state.cpl() == 3 ? Access.USER : 0;
    StepOutcome load = processor.memoryAccess().perform(address, 1, Access.READ | user);
    if (load == StepOutcome.DONE
        && processor.bus().isRam(processor.memoryAccess().physicalAddress())) {
      monitored.arm(processor.memoryAccess().physicalAddress(), forUser);
    }
    return load;
  }

  /** VM entries and VM exits clear address-range monitoring (26.3.3, 27.5.6). */
  void clearMonitoring() {
    monitored.disarm();
  }

  /**
   * MWAIT: if MONITOR has armed a line and nothing has triggered it, waits for that or for an
   * event. Of the extensions in ECX only "interrupts end it though masked" is there.
   */
  public StepOutcome mwait(int length) {
    boolean armed = monitored.isArmed(false);
    StepOutcome admitted = admission.admit(Intercept.MWAIT, armed ? 1 : 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    int extensions = (int) state.register(RCX);
    if (extensions >>> 1 != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    admission.done(Intercept.MWAIT.instructionClass());
    if (armed && !monitored.isTriggered()) {
      wait.begin(extensions != 0);
    }
    monitored.disarm();
    return StepOutcome.DONE;
  }

  /** Whether UMONITOR, UMWAIT and TPAUSE are there; if not, they get #UD. */
  public boolean inUserMode() {
    return intercepts.isEnabled(Intercept.TPAUSE);
  }

  /**
   * UMWAIT, which waits if UMONITOR has armed a line and nothing has triggered it, or TPAUSE: until
   * the time-stamp counter reaches EDX:EAX, but no longer than IA32_UMWAIT_CONTROL allows.
   *
   * @param row which of the two; {@link SensitiveInstructions#operands} has been told of its
   *     operand
   * @param source the register operand, of which bits 31:1 must be 0
   */
  public StepOutcome userWait(Intercept row, int source, int length) {
    StepOutcome admitted = admission.admit(row, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if (source >>> 1 != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    state.status.set(0);
    admission.done(row.instructionClass());
    boolean watches = row == Intercept.UMWAIT;
    if (!watches || (monitored.isArmed(true) && !monitored.isTriggered())) {
      waitUntil(state.edxEax(), watches);
    }
    if (watches) {
      monitored.disarm();
    }
    return StepOutcome.DONE;
  }

  /** The time in bits 31:2 of IA32_UMWAIT_CONTROL is as software sees it, too; 0 is no limit. */
  private void waitUntil(long asked, boolean watches) {
    long most = processor.msrs().get(Msr.IA32_UMWAIT_CONTROL) & LONGEST_WAIT;
    long limit = timeStamp.read() + most;
    boolean limited = most != 0 && Long.compareUnsigned(limit, asked) < 0;
    wait.beginUntil(timeStamp.unscaled(limited ? limit : asked), limited, watches);
  }

  /** The wait that the processor may be in. */
  OptimizedWait optimizedWait() {
    return wait;
  }
}
