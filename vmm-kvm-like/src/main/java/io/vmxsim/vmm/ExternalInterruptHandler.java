package io.vmxsim.vmm;

import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 1. A guest without a local APIC of its own gets the host's interrupts, with the same
 * vectors: they are all on its behalf. For one that has one the host was only to get control.
 */
final class ExternalInterruptHandler implements ExitHandler {
  private static final long VALID = 1L << 31;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    long information = vcpu.vmcs().read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION);
    if ((information & VALID) != 0 && vcpu.apic() == null) {
      vcpu.requestInterrupt((int) information & 0xff);
    }
    return HandlerOutcome.RESUME;
  }
}
