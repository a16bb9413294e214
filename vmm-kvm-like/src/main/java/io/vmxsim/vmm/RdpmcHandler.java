package io.vmxsim.vmm;

/** Exit reason 15: the guest's performance counters all stand at 0. */
final class RdpmcHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.state().setEdxEax(0);
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
