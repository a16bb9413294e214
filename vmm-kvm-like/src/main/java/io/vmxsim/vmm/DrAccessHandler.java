package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.vmcs.ExitQualification.MovDr;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 29. DR0 to DR3 and DR6 are not part of the VMCS: they are the guest's while it runs,
 * and swapped with the rest of that state. DR7 is in the VMCS.
 */
final class DrAccessHandler implements ExitHandler {
  private static final long DR7_FIXED = 0x400;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    long qualification = vcpu.read(VmcsField.EXIT_QUALIFICATION);
    int register = MovDr.register(qualification);
    if (register == 4 || register == 5) {
      if ((vcpu.control().state().cr4() & CpuState.CR4_DE) != 0) {
        return vcpu.inject(ExceptionHandler.INVALID_OPCODE, 0);
      }
      register += 2;
    }
    int gpr = MovDr.gpr(qualification);
    if (MovDr.isFromDr(qualification)) {
      long value = register == 7 ? vcpu.read(VmcsField.GUEST_DR7) : state.debug[register];
      vcpu.setRegister(gpr, value);
      return HandlerOutcome.SKIP_INSTRUCTION;
    }
    long value = vcpu.register(gpr);
    if (register >= 6 && value >>> 32 != 0) {
      return vcpu.inject(ExceptionHandler.GENERAL_PROTECTION, 0);
    }
    if (register == 7) {
      vcpu.write(VmcsField.GUEST_DR7, value | DR7_FIXED);
    } else {
      state.debug[register] = value;
    }
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
