package io.vmxsim.vmcs;

/**
 * VM-function controls: the functions VMFUNC may invoke; the bit is the function number.
 *
 * <p>Source: SDM (June 2016) 24.6.14 “VM-Function Controls”.
 */
public enum VmFunction implements Control {
  EPTP_SWITCHING(0);

  private final int bit;

  VmFunction(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.VM_FUNCTION;
  }
}
