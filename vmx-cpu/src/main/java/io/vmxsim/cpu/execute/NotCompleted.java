package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.StepOutcome;

/**
 * The signal that the instruction at RIP has not completed and that what follows from it has
 * already happened: a fault was delivered, a VM exit was made, or a string instruction paused.
 *
 * <p>One per executor, without a stack trace: it is control flow, not an error.
 */
final class NotCompleted extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private transient StepOutcome outcome = StepOutcome.DONE;

  NotCompleted() {
    super(null, null, false, false);
  }

  /** The signal, with what happened. */
  NotCompleted with(StepOutcome what) {
    outcome = what;
    return this;
  }

  /** FAULTED, EXIT, or DONE for a string instruction that goes on later. */
  StepOutcome outcome() {
    return outcome;
  }
}
