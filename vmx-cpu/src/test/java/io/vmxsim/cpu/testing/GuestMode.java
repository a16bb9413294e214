package io.vmxsim.cpu.testing;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/** The modes that a guest can be in when it is entered. */
public enum GuestMode {
  REAL,
  PROTECTED,
  VIRTUAL_8086,
  PAGED_32,
  PAE,
  COMPATIBILITY,
  LONG;

  /** Whether the processor can enter a guest in this mode: some need “unrestricted guest”. */
  boolean isOfferedBy(TestGuest guest) {
    return !needsUnrestricted()
        || guest.profile().vmxCapabilities().supports(SecondaryControl.UNRESTRICTED_GUEST);
  }

  private boolean needsUnrestricted() {
    return this == REAL || this == PROTECTED;
  }

  /** Turns a guest in 64-bit mode into one in this mode. */
  void enter(TestGuest guest) {
    if (this == LONG) {
      return;
    }
    if (this == COMPATIBILITY) {
      HealthyVmcs.segments(guest, Segment.FLAT_CODE, Segment.FLAT_DATA);
      return;
    }
    long entry = guest.get(VmcsField.VM_ENTRY_CONTROLS);
    guest.with(VmcsField.VM_ENTRY_CONTROLS, entry & ~EntryControl.IA_32E_MODE_GUEST.mask());
    guest.with(VmcsField.GUEST_IA32_EFER, 0).with(VmcsField.GUEST_CR3, 0);
    if (this != PAE) {
      guest.with(VmcsField.GUEST_CR4, guest.get(VmcsField.GUEST_CR4) & ~CpuState.CR4_PAE);
    }
    HealthyVmcs.segments(guest, Segment.FLAT_CODE, Segment.FLAT_DATA);
    if (needsUnrestricted()) {
      guest.with(SecondaryControl.ENABLE_EPT).with(SecondaryControl.UNRESTRICTED_GUEST);
      guest.with(VmcsField.EPT_POINTER, 0x9000 | 3 << 3 | 6);
      long off = CpuState.CR0_PG | (this == REAL ? CpuState.CR0_PE : 0);
      guest.with(VmcsField.GUEST_CR0, guest.get(VmcsField.GUEST_CR0) & ~off);
    }
    if (this == VIRTUAL_8086) {
      guest.with(VmcsField.GUEST_RFLAGS, CpuState.FIXED_1 | CpuState.VM);
      for (Segment segment :
          List.of(Segment.ES, Segment.CS, Segment.SS, Segment.DS, Segment.FS, Segment.GS)) {
        guest.with(segment.guestAccessRights(), 0xf3).with(segment.guestLimit(), 0xffff);
      }
    }
  }
}
