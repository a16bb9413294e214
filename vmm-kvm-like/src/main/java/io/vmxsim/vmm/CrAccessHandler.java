package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.vmcs.ExitQualification.CrAccess;
import io.vmxsim.vmcs.VmcsField;

/** Exit reason 28: MOV to and from control registers, CLTS, LMSW. */
final class CrAccessHandler implements ExitHandler {
  /** The bits of CR0 that LMSW writes: PE, MP, EM, TS. */
  private static final long LMSW_BITS = 0xf;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    long qualification = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    GuestControlRegisters control = vcpu.control();
    control.refresh();
    boolean done =
        switch (CrAccess.instruction(qualification)) {
          case MOV_TO_CR -> write(vcpu, qualification);
          case MOV_FROM_CR -> read(vcpu, qualification);
          case CLTS -> control.writeCr0(control.state().cr0() & ~CpuState.CR0_TS);
          case LMSW -> control.writeCr0(lmsw(control.state().cr0(), qualification));
        };
    return done
        ? HandlerOutcome.SKIP_INSTRUCTION
        : vcpu.injection().exception(ExceptionHandler.GENERAL_PROTECTION, 0);
  }

  private static boolean write(Vcpu vcpu, long qualification) {
    long value = vcpu.registers().get(CrAccess.gpr(qualification));
    if (!vcpu.registers().is64Bit()) {
      value &= 0xffff_ffffL;
    }
    return switch (CrAccess.register(qualification)) {
      case 0 -> vcpu.control().writeCr0(value);
      case 3 -> vcpu.control().writeCr3(value);
      case 4 -> vcpu.control().writeCr4(value);
      case 8 -> value >>> 4 == 0 && vcpu.registers().setTaskPriority((int) value);
      default -> throw new IllegalStateException("MOV to CR exit for no intercepted register");
    };
  }

  private static boolean read(Vcpu vcpu, long qualification) {
    long value =
        switch (CrAccess.register(qualification)) {
          case 3 -> vcpu.control().state().cr3();
          case 8 -> vcpu.registers().taskPriority();
          default ->
              throw new IllegalStateException("MOV from CR exit for no intercepted register");
        };
    vcpu.registers().set(CrAccess.gpr(qualification), value);
    return true;
  }

  /** LMSW can set PE and not clear it. */
  private static long lmsw(long cr0, long qualification) {
    long source = CrAccess.lmswSource(qualification) & LMSW_BITS;
    return (cr0 & ~LMSW_BITS) | source | (cr0 & CpuState.CR0_PE);
  }
}
