package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;

/**
 * The instructions that wait: HLT, PAUSE, MONITOR and MWAIT and, from later editions, UMWAIT and
 * TPAUSE. All but HLT end their wait at once, as the architecture permits.
 */
public final class WaitInstructions {
  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final Admission admission;
  private final TimeStamp timeStamp;
  private boolean monitoring;

  WaitInstructions(Processor processor, Admission admission, TimeStamp timeStamp) {
    this.processor = processor;
    this.admission = admission;
    this.timeStamp = timeStamp;
    state = processor.state();
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
    StepOutcome load = processor.access(address, 1, Access.READ);
    if (load != StepOutcome.DONE) {
      return load;
    }
    monitoring = true;
    return admission.done(InstructionClass.MONITOR);
  }

  /** VM entries and VM exits clear address-range monitoring (26.3.3, 27.5.6). */
  void clearMonitoring() {
    monitoring = false;
  }

  /** MWAIT; of its extensions in ECX only "interrupts end it though masked" is there. */
  public StepOutcome mwait(int length) {
    StepOutcome admitted = admission.admit(Intercept.MWAIT, monitoring ? 1 : 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if ((int) state.register(RCX) >>> 1 != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    monitoring = false;
    return admission.done(Intercept.MWAIT.instructionClass());
  }

  /** Whether UMONITOR, UMWAIT and TPAUSE are there; if not, they get #UD. */
  public boolean inUserMode() {
    return intercepts.isEnabled(Intercept.TPAUSE);
  }

  /**
   * UMWAIT or TPAUSE.
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
    return admission.done(row.instructionClass());
  }
}
