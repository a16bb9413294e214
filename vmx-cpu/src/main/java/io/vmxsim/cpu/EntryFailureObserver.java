package io.vmxsim.cpu;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;

/**
 * Is told of each VM entry that a check refuses, before the failure is carried out. It looks and
 * changes nothing.
 */
@FunctionalInterface
public interface EntryFailureObserver {

  /**
   * A VM entry broke a rule.
   *
   * @param vmcs the current VMCS
   * @param rule the first rule that it breaks
   * @param context what it was checked against
   */
  void entryFailed(Processor processor, Vmcs vmcs, EntryRule rule, EntryContext context);
}
