package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;

/** Exit reason 32: WRMSR of an MSR that the bitmap does not pass through. */
final class MsrWriteHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    return vcpu.guestMsrs().write((int) state.register(CpuState.RCX), state.edxEax())
        ? HandlerOutcome.SKIP_INSTRUCTION
        : vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
  }
}
