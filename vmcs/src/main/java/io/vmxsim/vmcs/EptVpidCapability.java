package io.vmxsim.vmcs;

/**
 * The features IA32_VMX_EPT_VPID_CAP reports, by bit.
 *
 * <p>Source: SDM (June 2016) Appendix A.10 “VPID and EPT Capabilities”; bits 7, 22 and 23 from
 * later editions.
 */
public enum EptVpidCapability {
  EXECUTE_ONLY_TRANSLATIONS(0),
  PAGE_WALK_LENGTH_4(6),
  PAGE_WALK_LENGTH_5(7),
  UNCACHEABLE_PAGING_STRUCTURES(8),
  WRITE_BACK_PAGING_STRUCTURES(14),
  PAGES_2M(16),
  PAGES_1G(17),
  INVEPT(20),
  ACCESSED_AND_DIRTY_FLAGS(21),
  ADVANCED_EPT_VIOLATION_INFORMATION(22),
  SUPERVISOR_SHADOW_STACK_CONTROL(23),
  INVEPT_SINGLE_CONTEXT(25),
  INVEPT_ALL_CONTEXT(26),
  INVVPID(32),
  INVVPID_INDIVIDUAL_ADDRESS(40),
  INVVPID_SINGLE_CONTEXT(41),
  INVVPID_ALL_CONTEXT(42),
  INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS(43);

  private final int bit;

  EptVpidCapability(int bit) {
    this.bit = bit;
  }

  /** The bit position in the MSR. */
  public int bit() {
    return bit;
  }
}
