package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;

/**
 * Exit reason 10. The guest's processor is the host's, without VMX and under a hypervisor; PCIDs
 * and protection keys are not offered where the VMM shadows page tables.
 */
final class CpuidHandler implements ExitHandler {
  private static final int FEATURES = 1;
  private static final int STRUCTURED_FEATURES = 7;
  private static final int ECX_VMX = 1 << 5;
  private static final int ECX_PCID = 1 << 17;
  private static final int ECX_HYPERVISOR = 1 << 31;
  private static final int ECX_PKU = 1 << 3;
  private static final int ECX_OSPKE = 1 << 4;

  private final int[] registers = new int[4];

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    int leaf = (int) state.register(CpuState.RAX);
    int subleaf = (int) state.register(CpuState.RCX);
    vcpu.cpuid().query(leaf, subleaf, vcpu.control().state().cr4(), registers);
    boolean shadow = vcpu.shadowMmu() != null;
    if (leaf == FEATURES) {
      registers[2] = (registers[2] & ~ECX_VMX & ~(shadow ? ECX_PCID : 0)) | ECX_HYPERVISOR;
    } else if (leaf == STRUCTURED_FEATURES && subleaf == 0 && shadow) {
      registers[2] &= ~(ECX_PKU | ECX_OSPKE);
    }
    state.setRegister(CpuState.RAX, Integer.toUnsignedLong(registers[0]));
    state.setRegister(CpuState.RBX, Integer.toUnsignedLong(registers[1]));
    state.setRegister(CpuState.RCX, Integer.toUnsignedLong(registers[2]));
    state.setRegister(CpuState.RDX, Integer.toUnsignedLong(registers[3]));
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
