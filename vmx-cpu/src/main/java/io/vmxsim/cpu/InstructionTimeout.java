package io.vmxsim.cpu;

import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * "Instruction timeout" (27.6.24 and 28.2, June 2026): the VM exit of a processor that does not
 * come to the end of an instruction in time. Of what can keep a processor from it there is one
 * thing here: debug traps whose delivery makes the next one pending, when a data breakpoint is on
 * the stack of their handler.
 */
final class InstructionTimeout {
  private final Processor processor;

  /** Instructions that had retired before the present row of traps, and when it began. */
  private long instructions = -1;

  private long since;

  InstructionTimeout(Processor processor) {
    this.processor = processor;
  }

  /** A debug trap is about to be delivered: whether the time since the last instruction is over. */
  boolean isOver() {
    if (processor.instructions() != instructions) {
      instructions = processor.instructions();
      since = processor.now();
    }
    return processor.intercepts().on(SecondaryControl.INSTRUCTION_TIMEOUT)
        && processor.now() - since > limit();
  }

  /** The control is in cycles of the core crystal clock (CPUID leaf 15H). */
  private long limit() {
    long ticks = processor.controlling().get(VmcsField.INSTRUCTION_TIMEOUT_CONTROL);
    return ticks * processor.profile().cpuid().cyclesPerCrystalTick();
  }
}
