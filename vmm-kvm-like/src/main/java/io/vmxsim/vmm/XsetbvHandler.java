package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;

/** Exit reason 55. XCR0 is not part of the VMCS: it is the guest's while it runs. */
final class XsetbvHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    long value = state.edxEax();
    if ((int) state.register(CpuState.RCX) != 0 || !vcpu.permitsXcr0(value)) {
      return vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
    }
    state.xcr0 = value;
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
