package io.vmxsim.vmm;

import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.VmcsField;

/** The current VMCS as root software reaches it: through VMREAD and VMWRITE, each charged. */
final class CurrentVmcs {
  private final VmxInstructions vmx;

  CurrentVmcs(VmxInstructions vmx) {
    this.vmx = vmx;
  }

  /** VMREAD, which must succeed. */
  long read(VmcsField field) {
    check(vmx.vmread(field.encoding()), field);
    return vmx.value();
  }

  /** VMWRITE, which must succeed. */
  void write(VmcsField field, long value) {
    check(vmx.vmwrite(field.encoding(), value), field);
  }

  /** Clears bits of a field. */
  void clear(VmcsField field, long bits) {
    long value = read(field);
    if ((value & bits) != 0) {
      write(field, value & ~bits);
    }
  }

  /** Sets or clears one control. */
  void set(Control control, boolean on) {
    VmcsField field = control.word().field();
    long word = read(field);
    long changed = on ? word | control.mask() : word & ~control.mask();
    if (changed != word) {
      write(field, changed);
    }
  }

  private static void check(VmxOutcome outcome, VmcsField field) {
    if (outcome != VmxOutcome.SUCCEED) {
      throw new IllegalStateException(outcome + " on access to " + field);
    }
  }
}
