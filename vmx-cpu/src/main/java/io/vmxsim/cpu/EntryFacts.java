package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/** What the VM-entry checks ask about: one VMCS on one processor. Reused from entry to entry. */
final class EntryFacts {
  private final VmxCapabilities capabilities;
  private final int physicalAddressBits;
  private Vmcs vmcs;
  private long secondary;

  EntryFacts(VmxCapabilities capabilities, int physicalAddressBits) {
    this.capabilities = capabilities;
    this.physicalAddressBits = physicalAddressBits;
    vmcs = new Vmcs(capabilities.revisionId());
  }

  void about(Vmcs newVmcs) {
    vmcs = newVmcs;
    secondary = Intercepts.effectiveSecondary(newVmcs);
  }

  VmxCapabilities capabilities() {
    return capabilities;
  }

  long get(VmcsField field) {
    return vmcs.get(field);
  }

  /** Whether a control is 1, with the secondary ones 0 while they are not activated. */
  boolean on(Control control) {
    return control instanceof SecondaryControl ? control.in(secondary) : vmcs.enabled(control);
  }

  /** Whether every bit of a control vector has a setting that the processor allows. */
  boolean allowed(ControlWord word) {
    long value = vmcs.get(word.field());
    return (value & ~capabilities.mayBeOne(word)) == 0
        && (~value & ~capabilities.mayBeZero(word) & word.field().width().mask()) == 0;
  }

  /** Whether the address has the alignment and no bit beyond the physical-address width. */
  boolean isPhysical(long address, int alignment) {
    int width = capabilities.limitsAddressesTo32Bits() ? 32 : physicalAddressBits;
    return (address & alignment - 1) == 0 && address >>> width == 0;
  }

  boolean isPhysical(VmcsField field, int alignment) {
    return isPhysical(vmcs.get(field), alignment);
  }

  /** Whether an MSR area is empty, or aligned and within the physical-address width to its end. */
  boolean isMsrArea(VmcsField address, VmcsField count) {
    long entries = vmcs.get(count);
    long last = vmcs.get(address) + entries * 16 - 1;
    return entries == 0 || (isPhysical(address, 16) && last >>> physicalAddressBits == 0);
  }

  /** Canonical for the wider of the modes the processor supports. */
  boolean isCanonical(VmcsField field) {
    long address = vmcs.get(field);
    boolean wide = (capabilities.cr4MayBe1() & CpuState.CR4_LA57) != 0;
    int unused = wide ? 7 : 16;
    return address << unused >> unused == address;
  }

  /** Bits of a CR0 or CR4 that VMX operation fixes to 1, without those exempted. */
  static boolean fixedBitsHold(long value, long fixed1, long mayBe1, long exempt) {
    return (fixed1 & ~value & ~exempt) == 0 && (value & ~mayBe1 & ~exempt) == 0;
  }

  boolean is64BitHost() {
    return on(ExitControl.HOST_ADDRESS_SPACE_SIZE);
  }

  /** Whether the processor would accept this EPTP: "VM-Execution Control Fields" (26.2.1.1). */
  boolean isValidEptp(long eptp) {
    EptVpidCapability memoryType =
        switch ((int) eptp & 7) {
          case 0 -> EptVpidCapability.UNCACHEABLE_PAGING_STRUCTURES;
          case 6 -> EptVpidCapability.WRITE_BACK_PAGING_STRUCTURES;
          default -> null;
        };
    EptVpidCapability walkLength =
        switch ((int) eptp >>> 3 & 7) {
          case 3 -> EptVpidCapability.PAGE_WALK_LENGTH_4;
          case 4 -> EptVpidCapability.PAGE_WALK_LENGTH_5;
          default -> null;
        };
    boolean accessedDirty = (eptp & 1 << 6) != 0;
    return memoryType != null
        && capabilities.supports(memoryType)
        && walkLength != null
        && capabilities.supports(walkLength)
        && (!accessedDirty || capabilities.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS))
        && (eptp & 0xf80) == 0
        && eptp >>> physicalAddressBits == 0;
  }
}
