package io.vmxsim.vmm;

/** Exit reason 52: the guest's TSC deadline has come. */
final class PreemptionTimerHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.deadline().expired(vcpu);
    return HandlerOutcome.RESUME;
  }
}
