package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;

/** Exit reason 31: RDMSR of an MSR that the bitmap does not pass through. */
final class MsrReadHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    GuestMsrs msrs = vcpu.guestMsrs();
    if (!msrs.read((int) state.register(CpuState.RCX))) {
      return vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
    }
    state.setEdxEax(msrs.value());
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
