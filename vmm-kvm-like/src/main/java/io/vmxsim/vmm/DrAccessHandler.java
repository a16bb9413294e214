package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.DebugRegisters;
import io.vmxsim.vmcs.ExitQualification.MovDr;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 29, which outranks the checks of privilege, of DR4 and DR5, and of DR7.GD ("MOV DR",
 * 25.1.3). DR0 to DR3 and DR6 are not part of the VMCS: they are the guest's while it runs, and
 * swapped with the rest of that state. DR7 is in the VMCS.
 */
final class DrAccessHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    CpuState state = vcpu.state();
    long qualification = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    int register = MovDr.register(qualification);
    if (vcpu.registers().cpl() > 0) {
      return vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
    }
    if (register == 4 || register == 5) {
      vcpu.control().refresh();
      if ((vcpu.control().state().cr4() & CpuState.CR4_DE) != 0) {
        return vcpu.injection().exception(ExceptionHandler.INVALID_OPCODE, 0);
      }
      register += 2;
    }
    if ((vcpu.vmcs().read(VmcsField.GUEST_DR7) & DebugExceptionHandler.DR7_GENERAL_DETECT) != 0) {
      return DebugExceptionHandler.raise(vcpu, DebugExceptionHandler.ACCESS_DETECTED);
    }
    int gpr = MovDr.gpr(qualification);
    if (MovDr.isFromDr(qualification)) {
      long value = register == 7 ? vcpu.vmcs().read(VmcsField.GUEST_DR7) : state.debug[register];
      vcpu.registers().set(gpr, value);
      return HandlerOutcome.SKIP_INSTRUCTION;
    }
    long value = vcpu.registers().get(gpr);
    if (register >= 6 && value >>> 32 != 0 && vcpu.registers().is64Bit()) {
      return vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
    }
    switch (register) {
      case 7 -> vcpu.vmcs().write(VmcsField.GUEST_DR7, DebugRegisters.dr7(value));
      case 6 -> state.debug[6] = DebugRegisters.dr6(value);
      default -> state.debug[register] = value;
    }
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
