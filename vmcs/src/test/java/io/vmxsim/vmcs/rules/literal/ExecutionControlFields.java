package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.1.1 “VM-Execution Control Fields”, with 29.2.1.1 of June 2026. */
final class ExecutionControlFields extends Reading {

  ExecutionControlFields(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return reserved() && addresses() && apic() && nmi() && posting() && ipi() && ept() && newer();
  }

  private boolean reserved() {
    if (!reservedBitsProper(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, 0x481, 0x48D)
        || !reservedBitsProper(
            VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x482, 0x48E)) {
      return false;
    }
    if (primary(31)
        && !reservedBitsProper(
            VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x48B, 0x48B)) {
      return false;
    }
    if (primary(17)
        && !reservedBitsCleared(VmcsField.TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x492)) {
      return false;
    }
    return field(VmcsField.CR3_TARGET_COUNT) <= bits(msr(0x485), 24, 16);
  }

  private boolean addresses() {
    // use I/O bitmaps, use MSR bitmaps, use TPR shadow
    if (primary(25)
        && !(page(VmcsField.ADDRESS_OF_IO_BITMAP_A) && page(VmcsField.ADDRESS_OF_IO_BITMAP_B))) {
      return false;
    }
    if (primary(28) && !page(VmcsField.ADDRESS_OF_MSR_BITMAPS)) {
      return false;
    }
    if (primary(21) && !page(VmcsField.VIRTUAL_APIC_ADDRESS)) {
      return false;
    }
    // virtualize APIC accesses, enable PML, sub-page write permissions for EPT
    if (secondary(0) && !page(VmcsField.APIC_ACCESS_ADDRESS)) {
      return false;
    }
    if (secondary(17) && !page(VmcsField.PML_ADDRESS)) {
      return false;
    }
    if (secondary(23) && !page(VmcsField.SUB_PAGE_PERMISSION_TABLE_POINTER)) {
      return false;
    }
    // enable VM functions with EPTP switching, VMCS shadowing, EPT-violation #VE
    if (secondary(13)
        && bit(field(VmcsField.VM_FUNCTION_CONTROLS), 0)
        && !page(VmcsField.EPTP_LIST_ADDRESS)) {
      return false;
    }
    if (secondary(14)
        && !(page(VmcsField.VMREAD_BITMAP_ADDRESS) && page(VmcsField.VMWRITE_BITMAP_ADDRESS))) {
      return false;
    }
    if (secondary(18) && !page(VmcsField.VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS)) {
      return false;
    }
    // PASID translation
    return !secondary(21)
        || (page(VmcsField.LOW_PASID_DIRECTORY_ADDRESS)
            && page(VmcsField.HIGH_PASID_DIRECTORY_ADDRESS));
  }

  private boolean apic() {
    boolean tprShadow = primary(21);
    boolean apicAccesses = secondary(0);
    boolean x2apic = secondary(4);
    boolean registerVirtualization = secondary(8);
    boolean interruptDelivery = secondary(9);
    long threshold = field(VmcsField.TPR_THRESHOLD);
    if (tprShadow && !interruptDelivery && bits(threshold, 31, 4) != 0) {
      return false;
    }
    if (tprShadow && !apicAccesses && !interruptDelivery && page(VmcsField.VIRTUAL_APIC_ADDRESS)) {
      // VTPR: the 32 bits at offset 80H of the virtual-APIC page (29.1.1)
      long vtpr = context.environment().read32(field(VmcsField.VIRTUAL_APIC_ADDRESS) + 0x80);
      if (bits(threshold, 3, 0) > bits(vtpr, 7, 4)) {
        return false;
      }
    }
    if (!tprShadow && (x2apic || registerVirtualization || interruptDelivery || tertiary(4))) {
      return false;
    }
    if (x2apic && apicAccesses) {
      return false;
    }
    // external-interrupt exiting
    return !interruptDelivery || pin(0);
  }

  private boolean nmi() {
    boolean nmiExiting = pin(3);
    boolean virtualNmis = pin(5);
    boolean nmiWindowExiting = primary(22);
    if (!nmiExiting && virtualNmis) {
      return false;
    }
    return virtualNmis || !nmiWindowExiting;
  }

  private boolean posting() {
    if (!pin(7)) {
      return true;
    }
    long descriptor = field(VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS);
    return secondary(9)
        && exit(15)
        && bits(field(VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR), 15, 8) == 0
        && bits(descriptor, 5, 0) == 0
        && withinWidth(descriptor);
  }

  private boolean ipi() {
    if (!tertiary(4)) {
      return true;
    }
    long table = field(VmcsField.PID_POINTER_TABLE_ADDRESS);
    return bits(table, 2, 0) == 0
        && withinWidth(table)
        && withinWidth(table + 8 * field(VmcsField.LAST_PID_POINTER_INDEX));
  }

  private boolean ept() {
    if (secondary(5) && field(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER) == 0) {
      return false;
    }
    boolean ept = secondary(1);
    if (ept && !eptpProper()) {
      return false;
    }
    // PML, unrestricted guest, mode-based execute, SPP, PT uses guest-physical addresses
    boolean needsEpt =
        secondary(17)
            || secondary(7)
            || secondary(22)
            || secondary(23)
            || secondary(24)
            // PEBS uses guest-physical addresses, HLAT, paging-write, guest-paging verification
            || tertiary(12)
            || tertiary(1)
            || tertiary(2)
            || tertiary(3);
    if (needsEpt && !ept) {
      return false;
    }
    if (secondary(13)) {
      if (!reservedBitsCleared(VmcsField.VM_FUNCTION_CONTROLS, 0x491)) {
        return false;
      }
      if (bit(field(VmcsField.VM_FUNCTION_CONTROLS), 0) && !ept) {
        return false;
      }
    }
    return true;
  }

  private boolean eptpProper() {
    long eptp = field(VmcsField.EPT_POINTER);
    long capability = msr(0x48C);
    long memoryType = bits(eptp, 2, 0);
    boolean typeSupported =
        (memoryType == 0 && bit(capability, 8)) || (memoryType == 6 && bit(capability, 14));
    long walkLength = bits(eptp, 5, 3) + 1;
    boolean lengthSupported =
        (walkLength == 4 && bit(capability, 6)) || (walkLength == 5 && bit(capability, 7));
    boolean accessedDirty = !bit(eptp, 6) || bit(capability, 21);
    // Bit 7 “enforcement of access rights for supervisor shadow-stack pages”, if supported
    boolean reserved = bits(eptp, 11, 8) == 0 && (!bit(eptp, 7) || bit(capability, 23));
    return typeSupported
        && lengthSupported
        && accessedDirty
        && reserved
        && withinWidth(bits(eptp, 63, 12) << 12);
  }

  private boolean newer() {
    if (context.environment().isTracing() && entry(18)) {
      return false;
    }
    if (secondary(24) && !(entry(18) && exit(25))) {
      return false;
    }
    if (secondary(25) && field(VmcsField.TSC_MULTIPLIER) == 0) {
      return false;
    }
    if (tertiary(1)) {
      long hlatp = field(VmcsField.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER);
      if (bits(hlatp, 2, 0) != 0 || bits(hlatp, 11, 5) != 0 || !withinWidth(hlatp & -4096)) {
        return false;
      }
    }
    // APIC-timer virtualization
    return !tertiary(8)
        || (secondary(9)
            && !primary(12)
            && bits(field(VmcsField.VIRTUAL_TIMER_VECTOR), 15, 8) == 0);
  }
}
