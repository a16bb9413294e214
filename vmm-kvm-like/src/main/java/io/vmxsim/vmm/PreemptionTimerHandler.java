package io.vmxsim.vmm;

/** Exit reason 52: the time has come for which the VMM had asked, that of the guest's timer. */
final class PreemptionTimerHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.timer().expired(vcpu);
    return HandlerOutcome.RESUME;
  }
}
