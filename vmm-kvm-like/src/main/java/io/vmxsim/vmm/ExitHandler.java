package io.vmxsim.vmm;

/** What the VMM does about VM exits of one reason. It runs to completion and never blocks. */
@FunctionalInterface
interface ExitHandler {
  /** Handles the exit whose information is in the virtual processor's VMCS. */
  HandlerOutcome handle(Vcpu vcpu);
}
