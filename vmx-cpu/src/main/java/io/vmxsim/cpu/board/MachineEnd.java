package io.vmxsim.cpu.board;

/**
 * Why a machine stopped.
 *
 * @param exitCode what the guest gave, if it is the guest that ended the machine, else 0
 * @param processor the number of the processor that did it
 */
public record MachineEnd(Cause cause, int exitCode, int processor) {
  /** What stopped it. */
  public enum Cause {
    /** The guest, through a device that ends the machine. */
    GUEST,
    /** The guest reset the machine. */
    RESET,
    /** A processor shut down: an exception on the way to its double-fault handler. */
    TRIPLE_FAULT,
    /** A VM exit could not be completed ("VMX Aborts", 27.7). */
    VMX_ABORT,
    /** The instructions it was given are used up. */
    LIMIT,
    /** Somebody outside wants it to stop. */
    INTERRUPTED,
    /** Every processor waits, and nothing will ever wake one. */
    HALTED
  }
}
