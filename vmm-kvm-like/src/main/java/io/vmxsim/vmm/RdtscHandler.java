package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;

/** Exit reasons 16 and 51, RDTSC and RDTSCP, where a VMM was told to intercept them. */
final class RdtscHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    state.setEdxEax(vcpu.timeStampCounter());
    if (ExitReason.of(vcpu.vmcs().read(VmcsField.EXIT_REASON)) == ExitReason.RDTSCP) {
      state.setRegister(CpuState.RCX, vcpu.msrs().get(Msr.IA32_TSC_AUX));
    }
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
