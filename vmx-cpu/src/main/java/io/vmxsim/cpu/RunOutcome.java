package io.vmxsim.cpu;

/**
 * Why {@link Processor#run} came back. Nobody blocks: the machine's scheduler decides what next.
 */
public enum RunOutcome {
  /** A VM exit happened; the processor is now in VMX root operation. */
  EXIT,
  /** The budget of instructions is used up. */
  BUDGET,
  /** The processor waits in HLT (or a deeper wait) for an event. */
  HALTED,
  /** The guest side has nothing left to do: the trace ended, or the guest switched itself off. */
  FINISHED
}
