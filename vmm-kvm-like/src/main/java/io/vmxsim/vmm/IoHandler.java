package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.vmcs.ExitQualification.Io;
import io.vmxsim.vmcs.VmcsField;

/** Exit reason 30: IN and OUT, which the device model answers; INS and OUTS are emulated. */
final class IoHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    long qualification = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    if (Io.isString(qualification)) {
      return vcpu.emulation().emulate(vcpu);
    }
    CpuState state = vcpu.state();
    int size = Io.size(qualification);
    int port = Io.port(qualification);
    long mask = (1L << (8 * size)) - 1;
    long rax = state.register(CpuState.RAX);
    if (Io.isIn(qualification)) {
      long value = vcpu.devices().in(port, size) & mask;
      state.setRegister(CpuState.RAX, size == 4 ? value : (rax & ~mask) | value);
    } else {
      vcpu.devices().out(port, size, rax & mask);
    }
    vcpu.pendingDebug().addPortBreakpoints(port, size);
    return vcpu.devices().isInKernel(port)
        ? HandlerOutcome.SKIP_INSTRUCTION
        : HandlerOutcome.TO_USERSPACE;
  }
}
