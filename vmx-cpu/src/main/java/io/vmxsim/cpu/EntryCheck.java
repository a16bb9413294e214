package io.vmxsim.cpu;

import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * Checks of VM entry, in the order of the SDM's text (26.2, 26.3.1): those that keep the processor
 * from states it could not be in. docs/NOT_MODELLED.md lists the sections whose other checks are
 * absent.
 */
enum EntryCheck {
  // 26.2.1.1 VM-Execution Control Fields
  PIN_BASED_CONTROLS_ALLOWED(Area.CONTROLS, f -> f.allowed(ControlWord.PIN_BASED)),
  PRIMARY_CONTROLS_ALLOWED(Area.CONTROLS, f -> f.allowed(ControlWord.PRIMARY_PROCESSOR_BASED)),
  SECONDARY_CONTROLS_ALLOWED(
      Area.CONTROLS,
      f ->
          !f.on(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS)
              || f.allowed(ControlWord.SECONDARY_PROCESSOR_BASED)),
  CR3_TARGET_COUNT_SUPPORTED(
      Area.CONTROLS, f -> f.get(VmcsField.CR3_TARGET_COUNT) <= f.capabilities().cr3TargetCount()),
  IO_BITMAP_ADDRESSES_VALID(
      Area.CONTROLS,
      f ->
          !f.on(PrimaryControl.USE_IO_BITMAPS)
              || (f.isPhysical(VmcsField.ADDRESS_OF_IO_BITMAP_A, 4096)
                  && f.isPhysical(VmcsField.ADDRESS_OF_IO_BITMAP_B, 4096))),
  MSR_BITMAP_ADDRESS_VALID(
      Area.CONTROLS,
      f ->
          !f.on(PrimaryControl.USE_MSR_BITMAPS)
              || f.isPhysical(VmcsField.ADDRESS_OF_MSR_BITMAPS, 4096)),
  VIRTUAL_APIC_ADDRESS_VALID(
      Area.CONTROLS,
      f ->
          !f.on(PrimaryControl.USE_TPR_SHADOW)
              || f.isPhysical(VmcsField.VIRTUAL_APIC_ADDRESS, 4096)),
  TPR_THRESHOLD_HAS_4_BITS(
      Area.CONTROLS,
      f -> !f.on(PrimaryControl.USE_TPR_SHADOW) || f.get(VmcsField.TPR_THRESHOLD) >>> 4 == 0),
  VIRTUAL_NMIS_NEED_NMI_EXITING(
      Area.CONTROLS, f -> !f.on(PinControl.VIRTUAL_NMIS) || f.on(PinControl.NMI_EXITING)),
  NMI_WINDOW_NEEDS_VIRTUAL_NMIS(
      Area.CONTROLS,
      f -> !f.on(PrimaryControl.NMI_WINDOW_EXITING) || f.on(PinControl.VIRTUAL_NMIS)),
  VPID_NOT_ZERO(
      Area.CONTROLS,
      f ->
          !f.on(SecondaryControl.ENABLE_VPID)
              || f.get(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER) != 0),
  EPTP_VALID(
      Area.CONTROLS,
      f -> !f.on(SecondaryControl.ENABLE_EPT) || f.isValidEptp(f.get(VmcsField.EPT_POINTER))),
  UNRESTRICTED_GUEST_NEEDS_EPT(
      Area.CONTROLS,
      f -> !f.on(SecondaryControl.UNRESTRICTED_GUEST) || f.on(SecondaryControl.ENABLE_EPT)),
  VMCS_SHADOWING_BITMAPS_VALID(
      Area.CONTROLS,
      f ->
          !f.on(SecondaryControl.VMCS_SHADOWING)
              || (f.isPhysical(VmcsField.VMREAD_BITMAP_ADDRESS, 4096)
                  && f.isPhysical(VmcsField.VMWRITE_BITMAP_ADDRESS, 4096))),
  EPTP_SWITCHING_NEEDS_EPT_AND_LIST(
      Area.CONTROLS,
      f ->
          !f.on(SecondaryControl.ENABLE_VM_FUNCTIONS)
              || f.get(VmcsField.VM_FUNCTION_CONTROLS) == 0
              || (f.allowed(ControlWord.VM_FUNCTION)
                  && f.on(SecondaryControl.ENABLE_EPT)
                  && f.isPhysical(VmcsField.EPTP_LIST_ADDRESS, 4096))),
  // 26.2.1.2 VM-Exit Control Fields
  EXIT_CONTROLS_ALLOWED(Area.CONTROLS, f -> f.allowed(ControlWord.VM_EXIT)),
  SAVED_PREEMPTION_TIMER_IS_ACTIVE(
      Area.CONTROLS,
      f ->
          !f.on(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE)
              || f.on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)),
  EXIT_MSR_STORE_AREA_VALID(
      Area.CONTROLS,
      f -> f.isMsrArea(VmcsField.VM_EXIT_MSR_STORE_ADDRESS, VmcsField.VM_EXIT_MSR_STORE_COUNT)),
  EXIT_MSR_LOAD_AREA_VALID(
      Area.CONTROLS,
      f -> f.isMsrArea(VmcsField.VM_EXIT_MSR_LOAD_ADDRESS, VmcsField.VM_EXIT_MSR_LOAD_COUNT)),
  // 26.2.1.3 VM-Entry Control Fields
  ENTRY_CONTROLS_ALLOWED(Area.CONTROLS, f -> f.allowed(ControlWord.VM_ENTRY)),
  INJECTED_EVENT_VALID(Area.CONTROLS, InjectedEvent::isValid),
  ENTRY_MSR_LOAD_AREA_VALID(
      Area.CONTROLS,
      f -> f.isMsrArea(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, VmcsField.VM_ENTRY_MSR_LOAD_COUNT)),

  // 26.2.2 Checks on Host Control Registers and MSRs
  HOST_CR0_SUPPORTED(
      Area.HOST,
      f ->
          EntryFacts.fixedBitsHold(
              f.get(VmcsField.HOST_CR0),
              f.capabilities().cr0Fixed1(),
              f.capabilities().cr0MayBe1(),
              CpuState.CR0_CD | CpuState.CR0_NW)),
  HOST_CR4_SUPPORTED(
      Area.HOST,
      f ->
          EntryFacts.fixedBitsHold(
              f.get(VmcsField.HOST_CR4),
              f.capabilities().cr4Fixed1(),
              f.capabilities().cr4MayBe1(),
              0)),
  HOST_CR3_WITHIN_WIDTH(Area.HOST, f -> f.isPhysical(f.get(VmcsField.HOST_CR3) & ~0xfffL, 1)),
  HOST_SYSENTER_CANONICAL(
      Area.HOST,
      f ->
          f.isCanonical(VmcsField.HOST_IA32_SYSENTER_ESP)
              && f.isCanonical(VmcsField.HOST_IA32_SYSENTER_EIP)),
  HOST_PAT_VALID(
      Area.HOST,
      f ->
          !f.on(ExitControl.LOAD_IA32_PAT)
              || MsrFile.areMemoryTypes(f.get(VmcsField.HOST_IA32_PAT))),
  HOST_EFER_MATCHES_ADDRESS_SPACE_SIZE(
      Area.HOST,
      f ->
          !f.on(ExitControl.LOAD_IA32_EFER)
              || MsrFile.isEfer(f.get(VmcsField.HOST_IA32_EFER), f.is64BitHost())),
  // 26.2.3 Checks on Host Segment and Descriptor-Table Registers
  HOST_SELECTORS_NAME_GDT_AT_RPL_0(
      Area.HOST,
      f ->
          ((f.get(VmcsField.HOST_CS_SELECTOR)
                      | f.get(VmcsField.HOST_SS_SELECTOR)
                      | f.get(VmcsField.HOST_DS_SELECTOR)
                      | f.get(VmcsField.HOST_ES_SELECTOR)
                      | f.get(VmcsField.HOST_FS_SELECTOR)
                      | f.get(VmcsField.HOST_GS_SELECTOR)
                      | f.get(VmcsField.HOST_TR_SELECTOR))
                  & 7)
              == 0),
  HOST_CS_AND_TR_NOT_NULL(
      Area.HOST,
      f -> f.get(VmcsField.HOST_CS_SELECTOR) != 0 && f.get(VmcsField.HOST_TR_SELECTOR) != 0),
  HOST_SS_NOT_NULL_OUTSIDE_64_BIT(
      Area.HOST, f -> f.is64BitHost() || f.get(VmcsField.HOST_SS_SELECTOR) != 0),
  HOST_BASES_CANONICAL(
      Area.HOST,
      f ->
          f.isCanonical(VmcsField.HOST_FS_BASE)
              && f.isCanonical(VmcsField.HOST_GS_BASE)
              && f.isCanonical(VmcsField.HOST_GDTR_BASE)
              && f.isCanonical(VmcsField.HOST_IDTR_BASE)
              && f.isCanonical(VmcsField.HOST_TR_BASE)),
  // 26.2.4 Checks Related to Address-Space Size
  HOST_64_BIT_NEEDS_PAE_AND_CANONICAL_RIP(
      Area.HOST,
      f ->
          !f.is64BitHost()
              || ((f.get(VmcsField.HOST_CR4) & CpuState.CR4_PAE) != 0
                  && f.isCanonical(VmcsField.HOST_RIP))),
  HOST_32_BIT_STAYS_32_BIT(
      Area.HOST,
      f ->
          f.is64BitHost()
              || (!f.on(EntryControl.IA_32E_MODE_GUEST)
                  && (f.get(VmcsField.HOST_CR4) & CpuState.CR4_PCIDE) == 0
                  && f.get(VmcsField.HOST_RIP) >>> 32 == 0)),

  // 26.3.1.1 Checks on Guest Control Registers, Debug Registers, and MSRs
  GUEST_CR0_SUPPORTED(
      Area.GUEST,
      f ->
          EntryFacts.fixedBitsHold(
              f.get(VmcsField.GUEST_CR0),
              f.capabilities().cr0Fixed1(),
              f.capabilities().cr0MayBe1(),
              CpuState.CR0_CD
                  | CpuState.CR0_NW
                  | (f.on(SecondaryControl.UNRESTRICTED_GUEST)
                      ? CpuState.CR0_PE | CpuState.CR0_PG
                      : 0))),
  GUEST_PAGING_NEEDS_PROTECTION(
      Area.GUEST,
      f ->
          (f.get(VmcsField.GUEST_CR0) & CpuState.CR0_PG) == 0
              || (f.get(VmcsField.GUEST_CR0) & CpuState.CR0_PE) != 0),
  GUEST_CR4_SUPPORTED(
      Area.GUEST,
      f ->
          EntryFacts.fixedBitsHold(
              f.get(VmcsField.GUEST_CR4),
              f.capabilities().cr4Fixed1(),
              f.capabilities().cr4MayBe1(),
              0)),
  GUEST_IA32E_NEEDS_PAGING_AND_PAE(
      Area.GUEST,
      f ->
          !f.on(EntryControl.IA_32E_MODE_GUEST)
              || ((f.get(VmcsField.GUEST_CR0) & CpuState.CR0_PG) != 0
                  && (f.get(VmcsField.GUEST_CR4) & CpuState.CR4_PAE) != 0)),
  GUEST_PCIDE_NEEDS_IA32E(
      Area.GUEST,
      f ->
          f.on(EntryControl.IA_32E_MODE_GUEST)
              || (f.get(VmcsField.GUEST_CR4) & CpuState.CR4_PCIDE) == 0),
  GUEST_CR3_WITHIN_WIDTH(Area.GUEST, f -> f.isPhysical(f.get(VmcsField.GUEST_CR3) & ~0xfffL, 1)),
  GUEST_PAT_VALID(
      Area.GUEST,
      f ->
          !f.on(EntryControl.LOAD_IA32_PAT)
              || MsrFile.areMemoryTypes(f.get(VmcsField.GUEST_IA32_PAT))),
  GUEST_EFER_MATCHES_MODE(
      Area.GUEST,
      f ->
          !f.on(EntryControl.LOAD_IA32_EFER)
              || MsrFile.isGuestEfer(
                  f.get(VmcsField.GUEST_IA32_EFER),
                  f.on(EntryControl.IA_32E_MODE_GUEST),
                  (f.get(VmcsField.GUEST_CR0) & CpuState.CR0_PG) != 0)),
  // 26.3.1.2 Checks on Guest Segment Registers
  GUEST_TR_USABLE(
      Area.GUEST, f -> (f.get(VmcsField.GUEST_TR_ACCESS_RIGHTS) & Segment.UNUSABLE) == 0),
  // 26.3.1.4 Checks on Guest RIP and RFLAGS
  GUEST_RFLAGS_RESERVED_BITS(
      Area.GUEST, f -> (f.get(VmcsField.GUEST_RFLAGS) & 0xffffffffffc0802aL) == 2),
  GUEST_IF_SET_FOR_INJECTED_INTERRUPT(
      Area.GUEST,
      f ->
          !InjectedEvent.isExternalInterrupt(f)
              || (f.get(VmcsField.GUEST_RFLAGS) & CpuState.IF) != 0),
  // 26.3.1.5 Checks on Guest Non-Register State
  GUEST_ACTIVITY_STATE_SUPPORTED(
      Area.GUEST,
      f ->
          f.get(VmcsField.GUEST_ACTIVITY_STATE) <= ActivityState.WAIT_FOR_SIPI
              && f.capabilities()
                  .supportsActivityState((int) f.get(VmcsField.GUEST_ACTIVITY_STATE))),
  GUEST_INTERRUPTIBILITY_CONSISTENT(
      Area.GUEST,
      f -> {
        long blocking = f.get(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
        boolean both = (blocking & Interruptibility.SHADOW) == Interruptibility.SHADOW;
        boolean stiWithoutIf =
            (blocking & Interruptibility.STI) != 0
                && (f.get(VmcsField.GUEST_RFLAGS) & CpuState.IF) == 0;
        boolean interrupt =
            InjectedEvent.isExternalInterrupt(f) && (blocking & Interruptibility.SHADOW) != 0;
        return blocking >>> 5 == 0 && !both && !stiWithoutIf && !interrupt;
      }),
  GUEST_LINK_POINTER_VALID(
      Area.GUEST,
      4,
      f ->
          f.get(VmcsField.VMCS_LINK_POINTER) == VmxInstructions.NO_POINTER
              || f.isPhysical(VmcsField.VMCS_LINK_POINTER, 4096));

  /** Which area a check is about, and so what its failure leads to. */
  enum Area {
    /** VMfailValid with error 7. */
    CONTROLS,
    /** VMfailValid with error 8. */
    HOST,
    /** VM-entry failure with exit reason 33. */
    GUEST
  }

  /** What must hold. */
  @FunctionalInterface
  interface Requirement {
    boolean holds(EntryFacts facts);
  }

  private static final EntryCheck[] ALL = values();

  private final Area area;
  private final int qualification;

  @SuppressWarnings("ImmutableEnumChecker") // requirements have no state
  private final Requirement requirement;

  EntryCheck(Area area, Requirement requirement) {
    this(area, 0, requirement);
  }

  EntryCheck(Area area, int qualification, Requirement requirement) {
    this.area = area;
    this.qualification = qualification;
    this.requirement = requirement;
  }

  /** The exit qualification of the failure, for checks on guest state ("26.7"). */
  int qualification() {
    return qualification;
  }

  /** The first check of an area that does not hold, or null. */
  static @Nullable EntryCheck firstBroken(Area area, EntryFacts facts) {
    for (EntryCheck check : ALL) {
      if (check.area == area && !check.requirement.holds(facts)) {
        return check;
      }
    }
    return null;
  }
}
