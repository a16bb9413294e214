package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 12: the virtual processor waits, in the VMM, until there is an interrupt for it. A
 * single step ends the wait at once.
 */
final class HltHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    if ((vcpu.vmcs().read(VmcsField.GUEST_RFLAGS) & CpuState.TF) == 0) {
      vcpu.guestWait().begin();
    }
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
