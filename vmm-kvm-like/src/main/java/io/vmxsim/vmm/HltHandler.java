package io.vmxsim.vmm;

/** Exit reason 12: the virtual processor waits, in the VMM, until there is an interrupt for it. */
final class HltHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.halt();
    return HandlerOutcome.SKIP_INSTRUCTION;
  }
}
