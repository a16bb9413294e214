package io.vmxsim.vmm;

import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 1. The host's interrupts are all on behalf of its one guest: the exit acknowledged
 * the vector, and the guest gets the same one.
 */
final class ExternalInterruptHandler implements ExitHandler {
  private static final long VALID = 1L << 31;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    long information = vcpu.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION);
    if ((information & VALID) != 0) {
      vcpu.requestInterrupt((int) information & 0xff);
    }
    return HandlerOutcome.RESUME;
  }
}
