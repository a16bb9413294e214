package io.vmxsim.vmcs;

/**
 * Tertiary processor-based VM-execution controls, in force while “activate tertiary controls” is 1.
 *
 * <p>Source: SDM (June 2026) 27.6.2 “Processor-Based VM-Execution Controls”.
 */
public enum TertiaryControl implements Control {
  LOADIWKEY_EXITING(0),
  ENABLE_HLAT(1),
  EPT_PAGING_WRITE_CONTROL(2),
  GUEST_PAGING_VERIFICATION(3),
  IPI_VIRTUALIZATION(4),
  SEAM_GUEST_PHYSICAL_ADDRESS_WIDTH(5),
  ENABLE_MSR_LIST_INSTRUCTIONS(6),
  VIRTUALIZE_IA32_SPEC_CTRL(7),
  APIC_TIMER_VIRTUALIZATION(8),
  ENABLE_PBNDKB(9),
  PEBS_USES_GUEST_PHYSICAL_ADDRESSES(12);

  private final int bit;

  TertiaryControl(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.TERTIARY_PROCESSOR_BASED;
  }
}
