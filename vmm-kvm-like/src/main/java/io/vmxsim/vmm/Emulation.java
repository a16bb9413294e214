package io.vmxsim.vmm;

/** Carries out an instruction in the guest's place. */
interface Emulation {
  /** Emulates the instruction at which the guest exited, and moves RIP past it. */
  HandlerOutcome emulate(Vcpu vcpu);
}
