package io.vmxsim.vmcs;

/**
 * VM-entry controls.
 *
 * <p>Source: SDM (June 2016) 24.8.1 “VM-Entry Controls”; bits from 18 on from the edition of June
 * 2026.
 */
public enum EntryControl implements Control {
  LOAD_DEBUG_CONTROLS(2),
  IA_32E_MODE_GUEST(9),
  ENTRY_TO_SMM(10),
  DEACTIVATE_DUAL_MONITOR_TREATMENT(11),
  LOAD_IA32_PERF_GLOBAL_CTRL(13),
  LOAD_IA32_PAT(14),
  LOAD_IA32_EFER(15),
  LOAD_IA32_BNDCFGS(16),
  CONCEAL_VMX_FROM_PT(17),
  LOAD_IA32_RTIT_CTL(18),
  LOAD_UINV(19),
  LOAD_CET_STATE(20),
  LOAD_GUEST_IA32_LBR_CTL(21),
  LOAD_PKRS(22),
  LOAD_FRED(23),
  LOAD_IA32_SPEC_CTRL(24),
  ALLOW_SEAM_GUEST_TELEMETRY(25);

  private final int bit;

  EntryControl(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.VM_ENTRY;
  }
}
