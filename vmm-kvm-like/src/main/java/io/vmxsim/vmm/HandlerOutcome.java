package io.vmxsim.vmm;

/** What the run loop does after a handler: handlers decide, the loop acts. */
public enum HandlerOutcome {
  /** Enter again at the same instruction. */
  RESUME,
  /** The exiting instruction is done: move RIP past it and enter again. */
  SKIP_INSTRUCTION,
  /**
   * As SKIP_INSTRUCTION, after a round trip to the device model in user space, which is charged.
   */
  TO_USERSPACE,
  /** The guest cannot go on. */
  STOP
}
