package io.vmxsim.vmm;

/** How a VMM makes the guest's addresses into the host's. */
public enum VmPaging {
  /** Two-dimensional: the processor walks the guest's tables and extended page tables. */
  EPT,
  /** The processor walks tables of the VMM's, kept in step with the guest's. */
  SHADOW
}
