package io.vmxsim.cpu.apic;

/** What stands at a processor's INTR input: it says that there is an interrupt, and then which. */
public interface InterruptController {

  /** Whether an interrupt waits for the processor. */
  boolean hasInterrupt();

  /**
   * The interrupt acknowledge: the processor takes the most urgent interrupt.
   *
   * @return its vector, or -1 if none waits
   */
  int acknowledge();
}
