package io.vmxsim.vmcs;

/**
 * Why a VM exit could not be completed: the values of the VMX-abort indicator, which the processor
 * leaves in the region of the VMCS ({@link VmcsRegion#ABORT_INDICATOR_OFFSET}).
 *
 * <p>Source: SDM (June 2016) 27.7 “VMX Aborts”.
 */
public enum VmxAbort {
  SAVING_GUEST_MSRS(1, "there was a failure in saving guest MSRs"),
  HOST_PDPTES(2, "host checking of the page-directory-pointer-table entries failed"),
  CORRUPTED_VMCS(3, "the current VMCS has been corrupted through writes to its region"),
  LOADING_HOST_MSRS(4, "there was a failure on loading host MSRs"),
  MACHINE_CHECK(5, "there was a machine-check event during VM exit"),
  LEAVING_IA32E_MODE(6, "the processor was in IA-32e mode and \"host address-space size\" was 0");

  private final int indicator;
  private final String reason;

  VmxAbort(int indicator, String reason) {
    this.indicator = indicator;
    this.reason = reason;
  }

  /** The value of the VMX-abort indicator. */
  public int indicator() {
    return indicator;
  }

  /** What happened, as part of a sentence. */
  public String reason() {
    return reason;
  }
}
