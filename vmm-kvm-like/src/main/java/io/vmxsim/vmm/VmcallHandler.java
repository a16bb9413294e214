package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;

/** Exit reason 18: there are no hypercalls, and RAX says so as KVM does (−KVM_ENOSYS). */
final class VmcallHandler implements ExitHandler {
  private static final long NO_SUCH_CALL = -1000;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.state().setRegister(CpuState.RAX, NO_SUCH_CALL);
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
