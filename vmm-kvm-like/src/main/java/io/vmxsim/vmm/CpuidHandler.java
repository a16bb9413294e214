package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidInstruction;
import io.vmxsim.cpu.Msr;

/**
 * Exit reason 10: CPUID of the guest's processor, which is the host's without VMX and what else is
 * hidden, and under a hypervisor.
 */
final class CpuidHandler implements ExitHandler {
  private static final int FEATURES = 1;
  private static final int ECX_VMX = 1 << 5;
  private static final int ECX_HYPERVISOR = 1 << 31;

  private final CpuidInstruction cpuid;
  private final int[] registers = new int[4];

  CpuidHandler(CpuidInstruction cpuid) {
    this.cpuid = cpuid;
  }

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    int leaf = (int) state.register(CpuState.RAX);
    int subleaf = (int) state.register(CpuState.RCX);
    cpuid.query(
        leaf,
        subleaf,
        vcpu.control().state().cr4(),
        state.xcr0,
        vcpu.msrs().get(Msr.IA32_XSS),
        vcpu.apic(),
        registers);
    if (leaf == FEATURES) {
      registers[2] = (registers[2] & ~ECX_VMX) | ECX_HYPERVISOR;
    }
    state.setRegister(CpuState.RAX, Integer.toUnsignedLong(registers[0]));
    state.setRegister(CpuState.RBX, Integer.toUnsignedLong(registers[1]));
    state.setRegister(CpuState.RCX, Integer.toUnsignedLong(registers[2]));
    state.setRegister(CpuState.RDX, Integer.toUnsignedLong(registers[3]));
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
