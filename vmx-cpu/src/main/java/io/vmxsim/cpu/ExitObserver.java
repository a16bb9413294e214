package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;

/**
 * Is told of every VM exit, and of VM entries that fail after loading began, once the exit is
 * complete. It looks and changes nothing: a run with it equals a run without.
 */
@FunctionalInterface
public interface ExitObserver {

  /**
   * A VM exit happened.
   *
   * @param vmcs the VMCS that holds the exit information and the guest state
   */
  void exited(ExitReason reason, Vmcs vmcs);
}
