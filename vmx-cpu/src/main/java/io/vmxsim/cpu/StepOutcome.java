package io.vmxsim.cpu;

/** What became of one step of guest software: an access, a sensitive instruction, an event. */
public enum StepOutcome {
  /** The step completed. */
  DONE,
  /**
   * A VM exit happened and the processor is in VMX root operation. The step did not complete,
   * unless the exit is trap-like.
   */
  EXIT,
  /**
   * An event was delivered to the guest's own handler ({@link GuestSide#deliver} was called). The
   * step did not complete and is due again when the handler returns.
   */
  FAULTED
}
