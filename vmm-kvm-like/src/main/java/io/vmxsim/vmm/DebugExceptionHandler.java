package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.EventDelivery;
import io.vmxsim.vmcs.VmcsField;

/**
 * A #DB of the guest. Its VM exit leaves DR6, DR7 and IA32_DEBUGCTL alone, and so does its
 * injection: what its delivery would have recorded there is the VMM's to record ("Debug
 * Exceptions", 17.3.1, and 27.2.1).
 */
final class DebugExceptionHandler implements ExitHandler {
  private static final int DR6 = 6;
  private static final long BREAKPOINTS = 0xf;

  /** The conditions of DR6. */
  static final long CONDITIONS = 0xe00f;

  /** The T flag of a task's TSS. */
  static final long TASK_SWITCH = 1 << 15;

  static final long DR7_GENERAL_DETECT = 1 << 13;

  /** Debug registers were accessed while DR7.GD was 1. */
  static final long ACCESS_DETECTED = 1 << 13;

  private static final long DEBUGCTL_LBR_BTF = 3;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    return raise(vcpu, vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION) & CONDITIONS);
  }

  /** Has the guest get a #DB for conditions as an exit qualification has them. */
  static HandlerOutcome raise(Vcpu vcpu, long conditions) {
    CpuState state = vcpu.state();
    state.debug[DR6] = (state.debug[DR6] & ~BREAKPOINTS) | conditions;
    vcpu.vmcs().clear(VmcsField.GUEST_DR7, DR7_GENERAL_DETECT);
    vcpu.vmcs().clear(VmcsField.GUEST_IA32_DEBUGCTL, DEBUGCTL_LBR_BTF);
    keepConsistent(vcpu);
    return vcpu.injection().exception(EventDelivery.DEBUG, 0);
  }

  /** VM entry wants BS pending where the guest single-steps behind STI or MOV SS (26.3.1.5). */
  private static void keepConsistent(Vcpu vcpu) {
    boolean steps = (vcpu.vmcs().read(VmcsField.GUEST_RFLAGS) & CpuState.TF) != 0;
    long blocking = vcpu.vmcs().read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
    if (steps && (blocking & EventInjection.BLOCKED_BY_STI_OR_MOV_SS) != 0) {
      vcpu.pendingDebug().addSingleStep();
    }
  }
}
