package io.vmxsim.vmm;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * What a virtual processor under shadow paging does with its VMCS and its exits: paging always on,
 * CR3 the shadow root's, and every operation of the guest that bears on translation intercepted.
 */
final class ShadowPaging implements VcpuPaging {
  private static final int PAGE_FAULT = 14;

  private final ShadowMmu mmu;
  private final ShadowPolicy policy;
  private final CurrentVmcs vmcs;
  private final GuestTlb tlb;
  private final long cr0Fixed;
  private final long cr4Fixed;
  private long loadedCr3 = -1;

  ShadowPaging(
      ShadowMmu mmu,
      ShadowPolicy policy,
      VmxCapabilities capabilities,
      CurrentVmcs vmcs,
      GuestTlb tlb) {
    this.mmu = mmu;
    this.policy = policy;
    this.vmcs = vmcs;
    this.tlb = tlb;
    this.cr0Fixed = capabilities.cr0Fixed1();
    this.cr4Fixed = capabilities.cr4Fixed1();
  }

  ShadowMmu mmu() {
    return mmu;
  }

  @Override
  public void setUp(VmcsSetup setup) {
    setup.require(PrimaryControl.INVLPG_EXITING);
    setup.require(PrimaryControl.CR3_LOAD_EXITING);
    setup.require(PrimaryControl.CR3_STORE_EXITING);
    if (!policy.bypassesNotPresent()) {
      long exceptions = vmcs.read(VmcsField.EXCEPTION_BITMAP);
      vmcs.write(VmcsField.EXCEPTION_BITMAP, exceptions | 1 << PAGE_FAULT);
    }
  }

  /**
   * With bit 14 of the exception bitmap at 0, page faults exit that do not match under the mask:
   * "Exceptions" (25.2).
   */
  private void selectPageFaults() {
    if (policy.bypassesNotPresent()) {
      vmcs.write(VmcsField.PAGE_FAULT_ERROR_CODE_MASK, mmu.exitingFaults());
      vmcs.write(VmcsField.PAGE_FAULT_ERROR_CODE_MATCH, 0);
    }
  }

  @Override
  public long hardwareCr0(long guest) {
    return ShadowMmu.hardwareCr0(guest) | cr0Fixed;
  }

  @Override
  public long hardwareCr4(long guest) {
    return ShadowMmu.hardwareCr4(guest) | cr4Fixed;
  }

  @Override
  public long hardwareEfer(long guest) {
    return ShadowMmu.hardwareEfer(guest);
  }

  @Override
  public long guestOwnedCr4() {
    return CR4_WITHOUT_EFFECT_ON_TRANSLATION;
  }

  @Override
  public void registersChanged(boolean keepGlobal) {
    mmu.loadRoot();
    tlb.invalidateAll(keepGlobal);
    if (!keepGlobal) {
      selectPageFaults();
    }
  }

  @Override
  public void addHandlers(ExitHandlers handlers) {
    handlers.onException(PAGE_FAULT, this::pageFault);
    handlers.on(ExitReason.INVLPG, this::invlpg);
    handlers.on(ExitReason.INVPCID, this::invpcid);
  }

  private HandlerOutcome pageFault(Vcpu vcpu) {
    long linear = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    int errorCode = (int) vcpu.vmcs().read(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE);
    vcpu.control().refreshForWalk();
    return switch (mmu.pageFault(linear, errorCode, vcpu.injection().hasEvent())) {
      case RETRY -> HandlerOutcome.RESUME;
      case GUEST -> vcpu.injection().pageFault(linear, mmu.guestErrorCode());
      case EMULATE, NO_MEMORY -> vcpu.emulation().emulate(vcpu);
    };
  }

  /** Of an address that is not canonical it does nothing. */
  private HandlerOutcome invlpg(Vcpu vcpu) {
    long linear = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    if (!mmu.isCanonical(linear)) {
      return HandlerOutcome.SKIP_INSTRUCTION;
    }
    mmu.invalidate(linear);
    tlb.invalidate(linear);
    return HandlerOutcome.SKIP_INSTRUCTION;
  }

  /**
   * The operands are in registers and memory of the guest, and the shadow knows no PCIDs: to
   * invalidate everything is right for all types.
   */
  private HandlerOutcome invpcid(Vcpu vcpu) {
    mmu.invalidateAll();
    tlb.invalidateAll(false);
    return HandlerOutcome.SKIP_INSTRUCTION;
  }

  @Override
  public void beforeEntry() {
    long cr3 = mmu.hardwareCr3();
    if (cr3 != loadedCr3) {
      vmcs.write(VmcsField.GUEST_CR3, cr3);
      loadedCr3 = cr3;
    }
    if (mmu.takeStale()) {
      tlb.invalidateAll(false);
    }
  }

  @Override
  public boolean isStale() {
    return mmu.isStale();
  }
}
