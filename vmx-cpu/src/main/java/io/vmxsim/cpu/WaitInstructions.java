package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;

/**
 * The instructions that wait: HLT, PAUSE, MONITOR and MWAIT and, from later editions, UMWAIT and
 * TPAUSE. PAUSE and the last two end their wait at once, as the architecture permits.
 */
public final class WaitInstructions {
  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final Admission admission;
  private final TimeStamp timeStamp;
  private final MonitoredLine monitored;

  /** Whether interrupts end the MWAIT under way though RFLAGS.IF is 0. */
  private boolean endsByMasked;

  WaitInstructions(Processor processor, Admission admission, TimeStamp timeStamp) {
    this.processor = processor;
    this.admission = admission;
    this.timeStamp = timeStamp;
    state = processor.state();
    monitored = new MonitoredLine(processor.memory());
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
    if (processor.bus().isRam(processor.lastPhysicalAddress())) {
      monitored.arm(processor.lastPhysicalAddress());
    }
    return admission.done(InstructionClass.MONITOR);
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
    StepOutcome admitted = admission.admit(Intercept.MWAIT, monitored.isArmed() ? 1 : 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    int extensions = (int) state.register(RCX);
    if (extensions >>> 1 != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    admission.done(Intercept.MWAIT.instructionClass());
    if (monitored.isArmed() && !monitored.isTriggered()) {
      state.activity = ActivityState.MWAIT;
      endsByMasked = extensions != 0;
    }
    monitored.disarm();
    return StepOutcome.DONE;
  }

  /** Whether interrupts end the wait that the processor is in, if any, though RFLAGS.IF is 0. */
  boolean endsByMaskedInterrupt() {
    return state.activity == ActivityState.MWAIT && endsByMasked;
  }

  /** Whether the processor is in an MWAIT whose line somebody has changed. */
  boolean isTriggered() {
    return state.activity == ActivityState.MWAIT && monitored.isTriggered();
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
