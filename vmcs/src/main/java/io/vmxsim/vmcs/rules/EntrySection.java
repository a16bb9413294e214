package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.SdmRef;

/** The SDM's sections on the checks of VM entry, in its order, which is the order of checking. */
public enum EntrySection {
  BASIC("1", "Basic VM-Entry Checks", EntryFailure.VM_FAIL_INVALID),
  EXECUTION_CONTROLS("2.1.1", "VM-Execution Control Fields", EntryFailure.CONTROLS),
  EXIT_CONTROLS("2.1.2", "VM-Exit Control Fields", EntryFailure.CONTROLS),
  ENTRY_CONTROLS("2.1.3", "VM-Entry Control Fields", EntryFailure.CONTROLS),
  HOST_REGISTERS(
      "2.2",
      "Checks on Host Control Registers and MSRs",
      "Checks on Host Control Registers, MSRs, and SSP",
      EntryFailure.HOST_STATE),
  HOST_SEGMENTS(
      "2.3", "Checks on Host Segment and Descriptor-Table Registers", EntryFailure.HOST_STATE),
  ADDRESS_SPACE_SIZE("2.4", "Checks Related to Address-Space Size", EntryFailure.HOST_STATE),
  GUEST_REGISTERS(
      "3.1.1",
      "Checks on Guest Control Registers, Debug Registers, and MSRs",
      EntryFailure.GUEST_STATE),
  GUEST_SEGMENTS("3.1.2", "Checks on Guest Segment Registers", EntryFailure.GUEST_STATE),
  GUEST_DESCRIPTOR_TABLES(
      "3.1.3", "Checks on Guest Descriptor-Table Registers", EntryFailure.GUEST_STATE),
  GUEST_RIP_RFLAGS(
      "3.1.4",
      "Checks on Guest RIP and RFLAGS",
      "Checks on Guest RIP, RFLAGS, and SSP",
      EntryFailure.GUEST_STATE),
  GUEST_NON_REGISTER_STATE("3.1.5", "Checks on Guest Non-Register State", EntryFailure.GUEST_STATE),
  GUEST_PDPTES(
      "3.1.6", "Checks on Guest Page-Directory-Pointer-Table Entries", EntryFailure.GUEST_STATE),
  MSR_LOADING("4", "Loading MSRs", EntryFailure.MSR_LOADING);

  @SuppressWarnings("ImmutableEnumChecker") // a record of strings
  private final SdmRef pinned;

  @SuppressWarnings("ImmutableEnumChecker") // a record of strings
  private final SdmRef newer;

  private final EntryFailure failure;

  EntrySection(String number, String title, EntryFailure failure) {
    this(number, title, title, failure);
  }

  EntrySection(String number, String title, String newerTitle, EntryFailure failure) {
    // The chapter “VM Entries” moved from 26 to 29; its sections kept their numbers.
    this.pinned = SdmRef.section("26." + number, title);
    this.newer = SdmRef.newer("29." + number, newerTitle);
    this.failure = failure;
  }

  /** The section in the pinned edition. */
  public SdmRef pinned() {
    return pinned;
  }

  /** The same section in the edition that newer checks are cited from. */
  public SdmRef newer() {
    return newer;
  }

  /** How a VM entry fails that breaks a rule of this section and the rule says no other. */
  public EntryFailure failure() {
    return failure;
  }
}
