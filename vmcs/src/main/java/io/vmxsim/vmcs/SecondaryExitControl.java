package io.vmxsim.vmcs;

/**
 * Secondary VM-exit controls, in force while the primary “activate secondary controls” is 1.
 *
 * <p>Source: SDM (June 2026) 27.7.1 “VM-Exit Controls”.
 */
public enum SecondaryExitControl implements Control {
  SAVE_FRED(0),
  LOAD_FRED(1),
  LOAD_IA32_SPEC_CTRL(2),
  PREMATURELY_BUSY_SHADOW_STACK(3);

  private final int bit;

  SecondaryExitControl(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.SECONDARY_VM_EXIT;
  }
}
