package io.vmxsim.vmcs;

final class RandomVmcs {

  private RandomVmcs() {}

  /** A VMCS with these values, in field order, cut to the fields' widths. */
  static Vmcs of(long[] values, boolean shadow, boolean launched) {
    Vmcs vmcs = new Vmcs(TestCapabilities.REVISION);
    vmcs.setShadow(shadow);
    vmcs.setLaunched(launched);
    int next = 0;
    for (VmcsField field : VmcsField.values()) {
      vmcs.set(field, values[next++] & field.width().mask());
    }
    return vmcs;
  }
}
