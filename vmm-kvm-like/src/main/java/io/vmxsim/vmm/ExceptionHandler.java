package io.vmxsim.vmm;

import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * Exit reason 0, exception or NMI. An NMI was the host's; an exception goes to the handler of its
 * vector, or is the guest's own and delivered to it.
 */
final class ExceptionHandler implements ExitHandler {
  static final int INVALID_OPCODE = 6;
  static final int GENERAL_PROTECTION = 13;

  private static final int TYPE = 7 << 8;
  private static final int NMI = 2 << 8;
  private static final int INT1 = 5 << 8;

  private final @Nullable ExitHandler[] byVector;

  ExceptionHandler(@Nullable ExitHandler[] byVector) {
    this.byVector = byVector;
  }

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    int information = (int) vcpu.vmcs().read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION);
    if ((information & TYPE) == NMI) {
      return HandlerOutcome.RESUME;
    }
    int vector = information & 0xff;
    if ((information & TYPE) == INT1) { // the exit is before the instruction, the exception behind
      vcpu.registers().skip(vcpu.vmcs().read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    }
    ExitHandler handler = byVector[vector];
    return handler != null
        ? handler.handle(vcpu)
        : vcpu.injection()
            .exception(vector, (int) vcpu.vmcs().read(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE));
  }
}
