package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/** "Loading Host State" (27.5): what the processor is after every VM exit. */
final class HostStateArea {
  /** CR0 bits that VM exit does not modify: ET, CD, NW, 63:32, 28:19, 17 and 15:6 (27.5.1). */
  private static final long CR0_UNMODIFIED = 0xffffffff7ffaffd0L;

  private static final int DESCRIPTOR_TABLE_LIMIT = 0xffff;

  private final CpuState state;
  private final MsrFile msrs;
  private final SwitchedMsr[] switched;
  private final Processor processor;

  HostStateArea(Processor processor) {
    this.processor = processor;
    state = processor.state();
    msrs = processor.msrs();
    switched = SwitchedMsr.on(processor.profile().vmxCapabilities());
  }

  /** Loads the host state; false if the host's PDPTEs are not valid (27.5.4). */
  boolean load(Vmcs vmcs) {
    boolean is64Bit = vmcs.enabled(ExitControl.HOST_ADDRESS_SPACE_SIZE);
    loadControlRegisters(vmcs, is64Bit);
    loadMsrs(vmcs);
    loadSegments(vmcs, is64Bit);
    state.rip = vmcs.get(VmcsField.HOST_RIP);
    state.setRegister(CpuState.RSP, vmcs.get(VmcsField.HOST_RSP));
    state.setRflags(CpuState.FIXED_1);
    state.activity = ActivityState.ACTIVE;
    state.pendingDebugExceptions = 0;
    return !state.usesPaePaging()
        || PdpteRegisters.load(processor.memory(), state.paging(), state.cr3() & 0xffffffe0L);
  }

  /** "Loading Host Control Registers, Debug Registers, MSRs" (27.5.1), first half. */
  private void loadControlRegisters(Vmcs vmcs, boolean is64Bit) {
    long cr0 = (vmcs.get(VmcsField.HOST_CR0) & ~CR0_UNMODIFIED) | (state.cr0() & CR0_UNMODIFIED);
    long cr4 = vmcs.get(VmcsField.HOST_CR4);
    state.setControlRegisters(
        cr0,
        vmcs.get(VmcsField.HOST_CR3),
        is64Bit ? cr4 | CpuState.CR4_PAE : cr4 & ~(CpuState.CR4_PCIDE | CpuState.CR4_FRED),
        efer(vmcs, is64Bit));
    state.debug[7] = CpuState.DR7_RESET;
  }

  /** IA32_EFER: its field, or else LMA and LME as "host address-space size" says. */
  private long efer(Vmcs vmcs, boolean is64Bit) {
    if (ExitControl.LOAD_IA32_EFER.in(vmcs.get(VmcsField.VM_EXIT_CONTROLS))) {
      return vmcs.get(VmcsField.HOST_IA32_EFER);
    }
    long bits = CpuState.EFER_LMA | CpuState.EFER_LME;
    return is64Bit ? state.efer() | bits : state.efer() & ~bits;
  }

  /** "Loading Host Control Registers, Debug Registers, MSRs" (27.5.1), second half. */
  private void loadMsrs(Vmcs vmcs) {
    msrs.set(Msr.IA32_DEBUGCTL, 0);
    msrs.set(Msr.IA32_SYSENTER_CS, vmcs.get(VmcsField.HOST_IA32_SYSENTER_CS));
    msrs.set(Msr.IA32_SYSENTER_ESP, vmcs.get(VmcsField.HOST_IA32_SYSENTER_ESP));
    msrs.set(Msr.IA32_SYSENTER_EIP, vmcs.get(VmcsField.HOST_IA32_SYSENTER_EIP));
    long controls = SwitchedMsr.exitControls(vmcs);
    for (SwitchedMsr row : switched) {
      row.loadHost(vmcs, controls, msrs);
    }
    if (ExitControl.LOAD_CET_STATE.in(controls)) {
      state.ssp = vmcs.get(VmcsField.HOST_SSP);
    }
    if (ExitControl.CLEAR_UINV.in(controls)) {
      msrs.setUinv(0);
    }
  }

  /** "Loading Host Segment and Descriptor-Table Registers" (27.5.2). */
  private void loadSegments(Vmcs vmcs, boolean is64Bit) {
    int size = is64Bit ? Segment.LONG : Segment.DEFAULT_BIG;
    int cs = (int) vmcs.get(VmcsField.HOST_CS_SELECTOR);
    state.loadSegment(Segment.CS, cs, 0, -1, Segment.FLAT_CODE | size);
    loadData(Segment.SS, vmcs.get(VmcsField.HOST_SS_SELECTOR), 0);
    loadData(Segment.DS, vmcs.get(VmcsField.HOST_DS_SELECTOR), 0);
    loadData(Segment.ES, vmcs.get(VmcsField.HOST_ES_SELECTOR), 0);
    loadData(Segment.FS, vmcs.get(VmcsField.HOST_FS_SELECTOR), vmcs.get(VmcsField.HOST_FS_BASE));
    loadData(Segment.GS, vmcs.get(VmcsField.HOST_GS_SELECTOR), vmcs.get(VmcsField.HOST_GS_BASE));
    int tr = (int) vmcs.get(VmcsField.HOST_TR_SELECTOR);
    long trBase = vmcs.get(VmcsField.HOST_TR_BASE);
    state.loadSegment(Segment.TR, tr, trBase, 0x67, Segment.BUSY_TSS);
    state.loadSegment(Segment.LDTR, 0, 0, 0, Segment.UNUSABLE);
    state.gdtrBase = vmcs.get(VmcsField.HOST_GDTR_BASE);
    state.idtrBase = vmcs.get(VmcsField.HOST_IDTR_BASE);
    state.gdtrLimit = DESCRIPTOR_TABLE_LIMIT;
    state.idtrLimit = DESCRIPTOR_TABLE_LIMIT;
  }

  /** A null selector makes the segment unusable; SS.DPL and SS.B are set even then. */
  private void loadData(Segment segment, long selector, long base) {
    int rights = selector != 0 ? Segment.FLAT_DATA : Segment.UNUSABLE | Segment.DEFAULT_BIG;
    state.loadSegment(segment, (int) selector, base, -1, rights);
  }
}
