package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.EnumMap;
import java.util.Map;

/**
 * Chooses the controls of a VMCS, from what the VMM wants and what the processor's capability MSRs
 * allow, and writes them: SDM "Algorithms for Determining VMX Capabilities" (31.5.1).
 */
final class VmcsSetup {
  /** #DB, #UD, #AC, #MC: the exceptions that KVM always intercepts. */
  private static final long EXCEPTIONS = 1 << 1 | 1 << 6 | 1 << 17 | 1 << 18;

  /** The MSRs that the guest reads and writes without an exit, as in KVM. */
  private static final Msr[] PASSED_THROUGH = {
    Msr.IA32_FS_BASE,
    Msr.IA32_GS_BASE,
    Msr.IA32_KERNEL_GS_BASE,
    Msr.IA32_SYSENTER_CS,
    Msr.IA32_SYSENTER_ESP,
    Msr.IA32_SYSENTER_EIP,
    Msr.IA32_SPEC_CTRL,
    Msr.IA32_PRED_CMD
  };

  private final VmxCapabilities capabilities;
  private final CurrentVmcs vmcs;
  private final Map<ControlWord, Long> wanted = new EnumMap<>(ControlWord.class);

  VmcsSetup(VmxCapabilities capabilities, CurrentVmcs vmcs) {
    this.capabilities = capabilities;
    this.vmcs = vmcs;
  }

  /**
   * Sets a control without which this VMM cannot run.
   *
   * @throws NotModelledException if the processor does not have it
   */
  void require(Control control) {
    if (!want(control)) {
      throw new NotModelledException("this VMM on a processor without " + control.name());
    }
  }

  /** Sets a control if the processor has it; whether it does. */
  boolean want(Control control) {
    boolean supported = supports(control);
    if (supported) {
      wanted.merge(control.word(), control.mask(), (a, b) -> a | b);
    }
    return supported;
  }

  private boolean supports(Control control) {
    Control activatedBy = control.word().activatedBy();
    return capabilities.supports(control)
        && (activatedBy == null || capabilities.supports(activatedBy));
  }

  VmxCapabilities capabilities() {
    return capabilities;
  }

  CurrentVmcs vmcs() {
    return vmcs;
  }

  /** The controls that both kinds of paging want, which are KVM's. */
  void wantCommonControls() {
    require(PinControl.EXTERNAL_INTERRUPT_EXITING);
    require(PinControl.NMI_EXITING);
    want(PinControl.VIRTUAL_NMIS);
    require(PrimaryControl.HLT_EXITING);
    require(PrimaryControl.MWAIT_EXITING);
    require(PrimaryControl.MONITOR_EXITING);
    require(PrimaryControl.RDPMC_EXITING);
    require(PrimaryControl.MOV_DR_EXITING);
    require(PrimaryControl.USE_IO_BITMAPS);
    require(PrimaryControl.USE_MSR_BITMAPS);
    want(PrimaryControl.USE_TSC_OFFSETTING);
    want(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
    want(SecondaryControl.WBINVD_EXITING);
    want(SecondaryControl.ENABLE_RDTSCP);
    want(SecondaryControl.ENABLE_XSAVES_XRSTORS);
    require(ExitControl.HOST_ADDRESS_SPACE_SIZE);
    require(ExitControl.SAVE_DEBUG_CONTROLS);
    require(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    want(ExitControl.SAVE_IA32_EFER);
    want(ExitControl.LOAD_IA32_EFER);
    want(ExitControl.LOAD_IA32_PAT);
    require(EntryControl.LOAD_DEBUG_CONTROLS);
    want(EntryControl.LOAD_IA32_EFER);
    want(EntryControl.LOAD_IA32_PAT);
  }

  /** Instructions that are invalid opcodes to a guest whose CPUID does not show them. */
  void wantInstructionsOf(CpuProfile guest) {
    if (guest.cpuid().has(CpuidFeature.INVPCID)) {
      want(SecondaryControl.ENABLE_INVPCID);
    }
  }

  /** Writes the fields that both kinds of paging share: bitmaps, host state, CR masks. */
  void writeFields(Vm vm, Processor processor, VcpuPaging paging) {
    vmcs.write(VmcsField.VMCS_LINK_POINTER, VmxInstructions.NO_POINTER);
    vmcs.write(VmcsField.EXCEPTION_BITMAP, EXCEPTIONS);
    vmcs.write(VmcsField.CR0_GUEST_HOST_MASK, ~CpuState.CR0_TS);
    vmcs.write(VmcsField.CR4_GUEST_HOST_MASK, ~paging.guestOwnedCr4());
    vmcs.write(VmcsField.ADDRESS_OF_IO_BITMAP_A, ones(vm));
    vmcs.write(VmcsField.ADDRESS_OF_IO_BITMAP_B, ones(vm));
    vmcs.write(VmcsField.ADDRESS_OF_MSR_BITMAPS, msrBitmap(vm));
    if (capabilities.supports(EntryControl.LOAD_IA32_PAT)) {
      vmcs.write(VmcsField.GUEST_IA32_PAT, PagingState.PAT_AFTER_RESET);
    }
    writeHostState(processor);
  }

  /** The host as it stands now: every VM exit comes back to it. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private void writeHostState(Processor processor) {
    CpuState host = processor.state();
    vmcs.write(VmcsField.HOST_CR0, host.cr0());
    vmcs.write(VmcsField.HOST_CR3, host.cr3());
    vmcs.write(VmcsField.HOST_CR4, host.cr4());
    if (capabilities.supports(ExitControl.LOAD_IA32_EFER)) {
      vmcs.write(VmcsField.HOST_IA32_EFER, host.efer());
    }
    if (capabilities.supports(ExitControl.LOAD_IA32_PAT)) {
      vmcs.write(VmcsField.HOST_IA32_PAT, processor.msrs().get(Msr.IA32_PAT));
    }
    vmcs.write(VmcsField.HOST_CS_SELECTOR, host.selectors[Segment.CS.ordinal()]);
    vmcs.write(VmcsField.HOST_SS_SELECTOR, host.selectors[Segment.SS.ordinal()]);
    vmcs.write(VmcsField.HOST_DS_SELECTOR, host.selectors[Segment.DS.ordinal()]);
    vmcs.write(VmcsField.HOST_ES_SELECTOR, host.selectors[Segment.ES.ordinal()]);
    vmcs.write(VmcsField.HOST_FS_SELECTOR, host.selectors[Segment.FS.ordinal()]);
    vmcs.write(VmcsField.HOST_GS_SELECTOR, host.selectors[Segment.GS.ordinal()]);
    vmcs.write(VmcsField.HOST_TR_SELECTOR, host.selectors[Segment.TR.ordinal()]);
    vmcs.write(VmcsField.HOST_FS_BASE, host.base(Segment.FS));
    vmcs.write(VmcsField.HOST_GS_BASE, host.base(Segment.GS));
    vmcs.write(VmcsField.HOST_TR_BASE, host.base(Segment.TR));
    vmcs.write(VmcsField.HOST_GDTR_BASE, host.gdtrBase);
    vmcs.write(VmcsField.HOST_IDTR_BASE, host.idtrBase);
  }

  /** An I/O bitmap: every port exits. */
  private static long ones(Vm vm) {
    long frame = vm.frames().allocate();
    for (int offset = 0; offset < HostFrames.FRAME_SIZE; offset += 8) {
      vm.memory().write64(frame + offset, -1);
    }
    return frame;
  }

  /** Every MSR exits but those passed through. */
  private static long msrBitmap(Vm vm) {
    long frame = ones(vm);
    for (Msr msr : PASSED_THROUGH) {
      int half = msr.address() < 0 ? 1024 : 0; // MSRs C0000000H and up
      int bit = msr.address() & 0x1fff;
      for (int direction = 0; direction < 4096; direction += 2048) { // reads, writes
        long at = frame + direction + half + (bit >>> 3);
        vm.memory().write8(at, vm.memory().read8(at) & ~(1 << (bit & 7)));
      }
    }
    return frame;
  }

  /** Writes all control vectors that the processor has, reserved bits as it demands them. */
  void writeControls() {
    for (ControlWord word : ControlWord.values()) {
      VmcsField field = word.field();
      boolean inForce = word.activatedBy() == null || wanted.containsKey(word);
      if (inForce && field.existsOn(capabilities)) {
        vmcs.write(field, capabilities.adjust(word, wanted.getOrDefault(word, 0L)));
      }
    }
  }
}
