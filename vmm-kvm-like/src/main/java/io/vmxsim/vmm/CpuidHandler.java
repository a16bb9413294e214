package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidInstruction;
import io.vmxsim.cpu.Msr;
import java.util.Arrays;

/**
 * Exit reason 10: CPUID of the guest's processor, which is the host's without VMX and what else is
 * hidden, and under a hypervisor.
 */
final class CpuidHandler implements ExitHandler {
  private static final int FEATURES = 1;
  private static final int HYPERVISOR = 0x4000_0000;
  private static final int PARAVIRTUAL = HYPERVISOR + 1;

  /** What KVM calls itself, in EBX, ECX and EDX. */
  private static final int[] SIGNATURE = {0x4b4d_564b, 0x564b_4d56, 0x4d};

  /** KVM_FEATURE_PV_EOI and KVM_FEATURE_PV_SEND_IPI. */
  private static final int PARAVIRTUAL_FEATURES = 1 << 6 | 1 << 11;

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
    if (vcpu.apic() != null) { // a trace knows what its own hypervisor had offered
      showParavirtual(leaf);
    }
    state.setRegister(CpuState.RAX, Integer.toUnsignedLong(registers[0]));
    state.setRegister(CpuState.RBX, Integer.toUnsignedLong(registers[1]));
    state.setRegister(CpuState.RCX, Integer.toUnsignedLong(registers[2]));
    state.setRegister(CpuState.RDX, Integer.toUnsignedLong(registers[3]));
    return HandlerOutcome.SKIP_INSTRUCTION;
  }

  /** The leaves by which KVM tells its guests what they may ask of it. */
  private void showParavirtual(int leaf) {
    if (leaf == HYPERVISOR) {
      registers[0] = PARAVIRTUAL;
      System.arraycopy(SIGNATURE, 0, registers, 1, SIGNATURE.length);
    } else if (leaf == PARAVIRTUAL) {
      Arrays.fill(registers, 0);
      registers[0] = PARAVIRTUAL_FEATURES;
    }
  }
}
