package io.vmxsim.vmcs;

/**
 * Primary VM-exit controls.
 *
 * <p>Source: SDM (June 2016) 24.7.1 “VM-Exit Controls”; bits from 25 on from the edition of June
 * 2026.
 */
public enum ExitControl implements Control {
  SAVE_DEBUG_CONTROLS(2),
  HOST_ADDRESS_SPACE_SIZE(9),
  LOAD_IA32_PERF_GLOBAL_CTRL(12),
  ACKNOWLEDGE_INTERRUPT_ON_EXIT(15),
  SAVE_IA32_PAT(18),
  LOAD_IA32_PAT(19),
  SAVE_IA32_EFER(20),
  LOAD_IA32_EFER(21),
  SAVE_VMX_PREEMPTION_TIMER_VALUE(22),
  CLEAR_IA32_BNDCFGS(23),
  CONCEAL_VMX_FROM_PT(24),
  CLEAR_IA32_RTIT_CTL(25),
  CLEAR_IA32_LBR_CTL(26),
  CLEAR_UINV(27),
  LOAD_CET_STATE(28),
  LOAD_PKRS(29),
  SAVE_IA32_PERF_GLOBAL_CTRL(30),
  ACTIVATE_SECONDARY_CONTROLS(31);

  private final int bit;

  ExitControl(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.VM_EXIT;
  }
}
