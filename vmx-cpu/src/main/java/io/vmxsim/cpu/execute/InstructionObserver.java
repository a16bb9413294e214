package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;

/** Is told of every instruction before it executes. The processor does not notice. */
public interface InstructionObserver {

  /**
   * An instruction is about to execute; it may still fault, or be one iteration of several.
   *
   * @param processor with RIP at the instruction
   */
  void executing(Processor processor, Instruction instruction);
}
