package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/** A VM entry to check: a processor, its surroundings, a VMCS. */
public record Scenario(TestCpu cpu, FakeMachine machine, Vmcs vmcs) {

  EntryContext context() {
    return new EntryContext(cpu.capabilities(), cpu.cpuFacts(), machine, vmcs);
  }

  Scenario copy() {
    return new Scenario(cpu, machine.copy(), vmcs.copy());
  }

  long get(VmcsField field) {
    return vmcs.get(field);
  }

  /** Sets the field, cut to its width. */
  void set(VmcsField field, long value) {
    vmcs.set(field, value & field.width().mask());
  }

  void flip(VmcsField field, int bit) {
    set(field, get(field) ^ 1L << bit);
  }

  boolean on(Control control) {
    return vmcs.enabled(control);
  }

  void turn(Control control, boolean on) {
    Control activatedBy = control.word().activatedBy();
    if (on && activatedBy != null && !on(activatedBy)) {
      set(control.word().field(), 0);
      turn(activatedBy, true);
    }
    VmcsField field = control.word().field();
    set(field, on ? get(field) | control.mask() : get(field) & ~control.mask());
  }
}
