package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.Processor;

/** Is asked before each instruction, while there is one, whether the run is left there. */
public interface StopCondition {

  /**
   * Whether to leave the run before the instruction at RIP.
   *
   * @param processor with no event to deliver before that instruction
   */
  boolean stopsAt(Processor processor);
}
