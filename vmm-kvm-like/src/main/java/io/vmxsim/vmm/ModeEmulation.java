package io.vmxsim.vmm;

/**
 * Runs a guest in software while its mode is one in which the processor cannot be entered: real
 * mode without "unrestricted guest" (31.1), or segments on the way out of it.
 */
interface ModeEmulation {
  /** Whether the processor cannot be entered with the guest as it stands. */
  boolean isRequired();

  /**
   * Runs the guest for some instructions while {@link #isRequired}.
   *
   * @param events that wait for the guest
   * @param longest the most instructions
   */
  HandlerOutcome goOn(Vcpu vcpu, EventInjection events, long longest);
}
