package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.Cycles;

/**
 * What the VMM's own work costs, beyond the VMX instructions that charge for themselves: added to
 * {@link Cycles#vmm}.
 */
final class Charges {
  private final CostModel costs;
  private final Cycles cycles;

  Charges(CostModel costs, Cycles cycles) {
    this.costs = costs;
    this.cycles = cycles;
  }

  void once(Cost cost) {
    cycles.vmm += costs.of(cost);
  }

  void times(Cost cost, long count) {
    cycles.vmm += costs.of(cost) * count;
  }

  /** The base cost of the handler for a basic exit reason. */
  void handler(int basicReason) {
    cycles.vmm += costs.handler(basicReason);
  }
}
