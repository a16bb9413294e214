package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One small change to a scenario: a bit of a field or of memory, or a fact of the surroundings. To
 * make it twice is to undo it.
 */
record Change(String description, Runnable toggle) {

  /** Indices that the MSR-load area may not have, and the first bit beyond an index. */
  private static final long[] MSR_INDICES = {
    0xC000_0100L, 0xC000_0101L, 0x808, 0x9B, FakeMachine.REFUSED_MSR
  };

  void make() {
    toggle.run();
  }

  /** Every change to something the rule reads. */
  static List<Change> of(EntryRule rule, Scenario scenario) {
    return of(rule.fields(), rule.inputs(), scenario);
  }

  /** Every change to these. */
  static List<Change> of(Set<VmcsField> fields, Set<EntryInput> inputs, Scenario scenario) {
    List<Change> changes = new ArrayList<>();
    for (VmcsField field : fields) {
      for (int bit = 0; bit < field.width().bits(); bit++) {
        int position = bit;
        changes.add(new Change(field + " bit " + bit, () -> scenario.flip(field, position)));
      }
    }
    for (EntryInput input : inputs) {
      ask(input, scenario, changes);
    }
    return changes;
  }

  private static void ask(EntryInput input, Scenario scenario, List<Change> changes) {
    FakeMachine machine = scenario.machine();
    Vmcs vmcs = scenario.vmcs();
    long link = scenario.get(VmcsField.VMCS_LINK_POINTER);
    switch (input) {
      case CURRENT_VMCS_POINTER -> {
        long[] none = {-1};
        changes.add(
            new Change(
                "no current VMCS", () -> machine.currentVmcs = swap(none, machine.currentVmcs)));
        long[] other = {link};
        changes.add(
            new Change(
                "link is current", () -> machine.currentVmcs = swap(other, machine.currentVmcs)));
      }
      case EXECUTIVE_VMCS_POINTER -> {
        long[] other = {link};
        changes.add(
            new Change(
                "link is executive",
                () -> machine.executiveVmcs = swap(other, machine.executiveVmcs)));
      }
      case MOV_SS_BLOCKING -> changes.add(new Change("MOV SS", () -> machine.movSs ^= true));
      case VM_ENTRY_INSTRUCTION ->
          changes.add(new Change("other instruction", () -> machine.launch ^= true));
      case LAUNCH_STATE -> {
        changes.add(new Change("launch state", () -> vmcs.setLaunched(!vmcs.launched())));
        changes.add(new Change("shadow", () -> vmcs.setShadow(!vmcs.isShadow())));
      }
      case LONG_MODE_ACTIVE -> changes.add(new Change("LMA", () -> machine.longMode ^= true));
      case SMM -> changes.add(new Change("SMM", () -> machine.smm ^= true));
      case TRACING -> changes.add(new Change("TraceEn", () -> machine.tracing ^= true));
      default -> memory(machine, changes);
    }
  }

  private static void memory(FakeMachine machine, List<Change> changes) {
    machine.memory.forEach(
        (address, value) -> {
          for (int bit = 0; bit < 64; bit++) {
            long mask = 1L << bit;
            changes.add(
                new Change(
                    "memory bit " + bit,
                    () -> machine.memory.merge(address, mask, (a, b) -> a ^ b)));
          }
          for (long index : MSR_INDICES) {
            long mask = value ^ index;
            changes.add(
                new Change(
                    "MSR index %X".formatted(index),
                    () -> machine.memory.merge(address, mask, (a, b) -> a ^ b)));
          }
        });
  }

  private static long swap(long[] kept, long value) {
    long other = kept[0];
    kept[0] = value;
    return other;
  }
}
