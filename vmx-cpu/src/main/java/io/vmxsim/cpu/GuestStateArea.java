package io.vmxsim.cpu;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * Moves guest state between the processor and the guest-state area of a VMCS: "Loading Guest State"
 * (26.3.2) and "Saving Guest State" (27.3). It moves and does not check.
 */
final class GuestStateArea {
  /** CR0 bits that VM entry never modifies: ET, CD, NW and the reserved ones (26.3.2.1). */
  private static final long CR0_UNMODIFIED = 0x7ffaffd0L;

  private static final long DR7_ALWAYS_0 = 1 << 12 | 3 << 14;
  private static final long LOW_32 = 0xffffffffL;

  /** Bits 31:17 and 11:8 of access rights are always saved as 0 (27.3.2). */
  private static final int SAVED_RIGHTS = 0x1f0ff;

  private static final VmcsField[] PDPTES = {
    VmcsField.GUEST_PDPTE0, VmcsField.GUEST_PDPTE1, VmcsField.GUEST_PDPTE2, VmcsField.GUEST_PDPTE3
  };

  private final Processor processor;
  private final CpuState state;
  private final MsrFile msrs;
  private final SwitchedMsr[] switched;
  private final boolean savesCetState;
  private final boolean savesUinv;
  private final int unusedAddressBits;

  GuestStateArea(Processor processor) {
    this.processor = processor;
    state = processor.state();
    msrs = processor.msrs();
    VmxCapabilities capabilities = processor.profile().vmxCapabilities();
    switched = SwitchedMsr.on(capabilities);
    savesCetState = VmcsField.GUEST_SSP.existsOn(capabilities);
    savesUinv = VmcsField.GUEST_UINV.existsOn(capabilities);
    unusedAddressBits = 64 - processor.profile().cpuFacts().linearAddressBits();
  }

  /** Loads everything of 26.3.2 that does not depend on whether an event is injected. */
  void load(Vmcs vmcs) {
    loadControlRegisters(vmcs);
    loadMsrs(vmcs);
    for (int i = 0; i < Segment.COUNT; i++) {
      Segment segment = Segment.of(i);
      state.loadSegment(
          segment,
          (int) vmcs.get(segment.guestSelector()),
          vmcs.get(segment.guestBase()),
          (int) vmcs.get(segment.guestLimit()),
          (int) vmcs.get(segment.guestAccessRights()));
    }
    state.gdtrBase = vmcs.get(VmcsField.GUEST_GDTR_BASE);
    state.gdtrLimit = (int) vmcs.get(VmcsField.GUEST_GDTR_LIMIT);
    state.idtrBase = vmcs.get(VmcsField.GUEST_IDTR_BASE);
    state.idtrLimit = (int) vmcs.get(VmcsField.GUEST_IDTR_LIMIT);
    state.rip = vmcs.get(VmcsField.GUEST_RIP);
    state.setRegister(CpuState.RSP, vmcs.get(VmcsField.GUEST_RSP));
    state.setRflags(vmcs.get(VmcsField.GUEST_RFLAGS));
    if (state.usesPaePaging()
        && SecondaryControl.ENABLE_EPT.in(Intercepts.effectiveSecondary(vmcs))) {
      for (int i = 0; i < PDPTES.length; i++) {
        state.paging().setPdpte(i, vmcs.get(PDPTES[i]));
      }
    }
  }

  private void loadControlRegisters(Vmcs vmcs) {
    long cr0 = (vmcs.get(VmcsField.GUEST_CR0) & ~CR0_UNMODIFIED) | (state.cr0() & CR0_UNMODIFIED);
    state.setControlRegisters(
        cr0, vmcs.get(VmcsField.GUEST_CR3), vmcs.get(VmcsField.GUEST_CR4), efer(vmcs, cr0));
    if (vmcs.enabled(EntryControl.LOAD_DEBUG_CONTROLS)) {
      state.debug[7] = (vmcs.get(VmcsField.GUEST_DR7) & ~DR7_ALWAYS_0) | CpuState.DR7_RESET;
      msrs.set(Msr.IA32_DEBUGCTL, vmcs.get(VmcsField.GUEST_IA32_DEBUGCTL));
    }
  }

  /** IA32_EFER: its field, or else LMA and, with paging on, LME as "IA-32e mode guest" says. */
  private long efer(Vmcs vmcs, long cr0) {
    long controls = vmcs.get(VmcsField.VM_ENTRY_CONTROLS);
    if (EntryControl.LOAD_IA32_EFER.in(controls)) {
      return vmcs.get(VmcsField.GUEST_IA32_EFER);
    }
    long bits = CpuState.EFER_LMA | ((cr0 & CpuState.CR0_PG) != 0 ? CpuState.EFER_LME : 0);
    return EntryControl.IA_32E_MODE_GUEST.in(controls) ? state.efer() | bits : state.efer() & ~bits;
  }

  private void loadMsrs(Vmcs vmcs) {
    msrs.set(Msr.IA32_SYSENTER_CS, vmcs.get(VmcsField.GUEST_IA32_SYSENTER_CS));
    msrs.set(Msr.IA32_SYSENTER_ESP, vmcs.get(VmcsField.GUEST_IA32_SYSENTER_ESP));
    msrs.set(Msr.IA32_SYSENTER_EIP, vmcs.get(VmcsField.GUEST_IA32_SYSENTER_EIP));
    long controls = vmcs.get(VmcsField.VM_ENTRY_CONTROLS);
    for (SwitchedMsr row : switched) {
      row.load(vmcs, controls, msrs);
    }
    if (EntryControl.LOAD_CET_STATE.in(controls)) {
      state.ssp = vmcs.get(VmcsField.GUEST_SSP);
    }
    if (EntryControl.LOAD_UINV.in(controls)) {
      msrs.setUinv((int) vmcs.get(VmcsField.GUEST_UINV));
    }
  }

  /**
   * Saves the guest state of 27.3.
   *
   * @param rflags RFLAGS with RF as 27.3.3 has it for this exit
   */
  void save(Vmcs vmcs, long rflags) {
    vmcs.set(VmcsField.GUEST_CR0, state.cr0());
    vmcs.set(VmcsField.GUEST_CR3, state.cr3());
    vmcs.set(VmcsField.GUEST_CR4, state.cr4());
    saveMsrs(vmcs);
    for (int i = 0; i < Segment.COUNT; i++) {
      Segment segment = Segment.of(i);
      vmcs.set(segment.guestSelector(), state.selectors[i]);
      vmcs.set(segment.guestBase(), savedBase(segment, state.bases[i]));
      vmcs.set(segment.guestLimit(), state.limits[i] & LOW_32);
      vmcs.set(segment.guestAccessRights(), state.accessRights[i] & SAVED_RIGHTS);
    }
    vmcs.set(VmcsField.GUEST_GDTR_BASE, state.gdtrBase);
    vmcs.set(VmcsField.GUEST_GDTR_LIMIT, state.gdtrLimit & LOW_32);
    vmcs.set(VmcsField.GUEST_IDTR_BASE, state.idtrBase);
    vmcs.set(VmcsField.GUEST_IDTR_LIMIT, state.idtrLimit & LOW_32);
    vmcs.set(VmcsField.GUEST_RIP, state.rip);
    vmcs.set(VmcsField.GUEST_RSP, state.register(CpuState.RSP));
    vmcs.set(VmcsField.GUEST_RFLAGS, rflags);
    saveNonRegisterState(vmcs);
  }

  /**
   * The base address as 27.3.2 has it: bits 63:32 of SS, DS and ES are 0 and LDTR's base is
   * canonical even of an unusable segment, which may have been loaded with anything.
   */
  private long savedBase(Segment segment, long base) {
    return switch (segment) {
      case SS, DS, ES -> base & LOW_32;
      case LDTR -> base << unusedAddressBits >> unusedAddressBits;
      default -> base;
    };
  }

  private void saveMsrs(Vmcs vmcs) {
    if (vmcs.enabled(ExitControl.SAVE_DEBUG_CONTROLS)) {
      vmcs.set(VmcsField.GUEST_DR7, state.debug[7]);
      vmcs.set(VmcsField.GUEST_IA32_DEBUGCTL, msrs.get(Msr.IA32_DEBUGCTL));
    }
    vmcs.set(VmcsField.GUEST_IA32_SYSENTER_CS, msrs.get(Msr.IA32_SYSENTER_CS));
    vmcs.set(VmcsField.GUEST_IA32_SYSENTER_ESP, msrs.get(Msr.IA32_SYSENTER_ESP));
    vmcs.set(VmcsField.GUEST_IA32_SYSENTER_EIP, msrs.get(Msr.IA32_SYSENTER_EIP));
    if (vmcs.enabled(ExitControl.SAVE_IA32_EFER)) {
      vmcs.set(VmcsField.GUEST_IA32_EFER, state.efer());
    }
    long controls = SwitchedMsr.exitControls(vmcs);
    for (SwitchedMsr row : switched) {
      row.save(vmcs, controls, msrs);
    }
    if (savesCetState) {
      vmcs.set(VmcsField.GUEST_SSP, state.ssp);
    }
    if (savesUinv) {
      vmcs.set(VmcsField.GUEST_UINV, msrs.uinv());
    }
  }

  /** "Saving Non-Register State" (27.3.4). */
  private void saveNonRegisterState(Vmcs vmcs) {
    boolean waits = state.activity == ActivityState.MWAIT; // the field never reflects it (24.4.2)
    vmcs.set(VmcsField.GUEST_ACTIVITY_STATE, waits ? ActivityState.ACTIVE : state.activity);
    vmcs.set(
        VmcsField.GUEST_INTERRUPTIBILITY_STATE, state.interruptibility & ~Interruptibility.SMI);
    vmcs.set(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, state.pendingDebugExceptions);
    if (processor.intercepts().on(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
        && vmcs.enabled(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE)) {
      vmcs.set(VmcsField.VMX_PREEMPTION_TIMER_VALUE, processor.pending().preemptionTimer().value());
    }
    processor.guestTimer().save(vmcs);
    if (state.usesPaePaging() && processor.intercepts().on(SecondaryControl.ENABLE_EPT)) {
      for (int i = 0; i < PDPTES.length; i++) {
        vmcs.set(PDPTES[i], state.paging().pdpte(i));
      }
    }
  }
}
