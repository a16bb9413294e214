package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * Paging with EPT: the guest's page tables are its own affair, and a page of guest memory is mapped
 * when it is first touched, as large as option, slot and processor allow.
 */
final class EptMmu implements VcpuPaging {
  private final Vm vm;
  private final Charges charges;
  private final GuestTlb tlb;
  private final PageSize largest;
  private final EptTables tables;
  private final boolean accessedDirty;
  private final boolean unrestricted;
  private final long cr0Fixed;
  private final long cr4Fixed;

  EptMmu(Vm vm, VmOptions options, Charges charges, VmxCapabilities capabilities, GuestTlb tlb) {
    this.vm = vm;
    this.charges = charges;
    this.tlb = tlb;
    this.largest = largest(options.hostPage(), capabilities);
    this.tables = new EptTables(vm, 4);
    this.accessedDirty = capabilities.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS);
    this.unrestricted = capabilities.supports(SecondaryControl.UNRESTRICTED_GUEST);
    long unneeded = unrestricted ? CpuState.CR0_PE | CpuState.CR0_PG : 0;
    this.cr0Fixed = capabilities.cr0Fixed1() & ~unneeded;
    this.cr4Fixed = capabilities.cr4Fixed1();
  }

  private static PageSize largest(PageSize wanted, VmxCapabilities capabilities) {
    if (wanted == PageSize.SIZE_1G && capabilities.supports(EptVpidCapability.PAGES_1G)) {
      return PageSize.SIZE_1G;
    }
    return wanted != PageSize.SIZE_4K && capabilities.supports(EptVpidCapability.PAGES_2M)
        ? PageSize.SIZE_2M
        : PageSize.SIZE_4K;
  }

  @Override
  public void setUp(VmcsSetup setup) {
    setup.require(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
    setup.require(SecondaryControl.ENABLE_EPT);
    if (unrestricted) {
      setup.require(SecondaryControl.UNRESTRICTED_GUEST);
    }
    setup.vmcs().write(VmcsField.EPT_POINTER, tables.pointer(accessedDirty));
  }

  @Override
  public long hardwareCr0(long guest) {
    return guest | cr0Fixed;
  }

  @Override
  public long hardwareCr4(long guest) {
    return guest | cr4Fixed;
  }

  @Override
  public long hardwareEfer(long guest) {
    return guest;
  }

  @Override
  public long guestOwnedCr4() {
    return CR4_WITHOUT_EFFECT_ON_TRANSLATION | CR4_PGE;
  }

  /** The VMM wrote the registers in the guest's place, so it invalidates in the guest's place. */
  @Override
  public void registersChanged(boolean keepGlobal) {
    tlb.invalidateAll(keepGlobal);
  }

  @Override
  public void addHandlers(ExitHandlers handlers) {
    handlers.on(ExitReason.EPT_VIOLATION, this::violation);
    handlers.on(ExitReason.EPT_MISCONFIG, vcpu -> vcpu.emulation().emulate(vcpu));
  }

  /**
   * Maps the page, unless there is no memory: then the access is a device's, and those that follow
   * are told by an entry that is misconfigured, as in KVM.
   */
  private HandlerOutcome violation(Vcpu vcpu) {
    long guestPhysical = vcpu.vmcs().read(VmcsField.GUEST_PHYSICAL_ADDRESS);
    MemorySlot slot = vm.slot(guestPhysical);
    if (slot == null) {
      charges.times(Cost.VMM_TABLE_WRITE, tables.misconfigure(guestPhysical));
      return vcpu.emulation().emulate(vcpu);
    }
    PageSize size = slot.largestPage(guestPhysical, largest);
    int written = tables.map(guestPhysical, slot.toHost(guestPhysical), size);
    charges.times(Cost.VMM_TABLE_WRITE, written);
    return HandlerOutcome.RESUME; // a translation that was not present is cached nowhere
  }

  @Override
  public void beforeEntry() {}

  @Override
  public boolean isStale() {
    return false;
  }
}
