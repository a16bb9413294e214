package io.vmxsim.cpu.testing;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/** The plainest VMCS that a VM entry accepts. */
final class HealthyVmcs {
  private static final long PAT = 0x0007_0406_0007_0406L;

  private HealthyVmcs() {}

  /** A 64-bit guest under a 64-bit host; no control but those that must be 1 and their like. */
  static void fill(TestGuest guest) {
    VmxCapabilities capabilities = guest.profile().vmxCapabilities();
    for (ControlWord word : ControlWord.values()) {
      if (word.field().existsOn(capabilities)) {
        guest.with(word.field(), capabilities.adjust(word, 0));
      }
    }
    guest.with(ExitControl.HOST_ADDRESS_SPACE_SIZE).with(EntryControl.IA_32E_MODE_GUEST);
    guest.with(VmcsField.VMCS_LINK_POINTER, -1);
    CpuState state = guest.registers();
    guest
        .with(VmcsField.HOST_CR0, state.cr0())
        .with(VmcsField.HOST_CR3, state.cr3())
        .with(VmcsField.HOST_CR4, state.cr4())
        .with(VmcsField.HOST_CS_SELECTOR, 8)
        .with(VmcsField.HOST_SS_SELECTOR, 0x10)
        .with(VmcsField.HOST_TR_SELECTOR, 0x18)
        .with(VmcsField.HOST_IA32_EFER, state.efer())
        .with(VmcsField.HOST_IA32_PAT, PAT)
        .with(VmcsField.HOST_RSP, TestGuest.STACK)
        .with(VmcsField.HOST_RIP, TestGuest.CODE);
    guest
        .with(VmcsField.GUEST_CR0, state.cr0())
        .with(VmcsField.GUEST_CR3, state.cr3())
        .with(VmcsField.GUEST_CR4, state.cr4())
        .with(VmcsField.GUEST_IA32_EFER, state.efer())
        .with(VmcsField.GUEST_IA32_PAT, PAT)
        .with(VmcsField.GUEST_DR7, CpuState.DR7_RESET)
        .with(VmcsField.GUEST_RFLAGS, CpuState.FIXED_1)
        .with(VmcsField.GUEST_RIP, TestGuest.CODE)
        .with(VmcsField.GUEST_RSP, TestGuest.STACK);
    segments(guest, Segment.FLAT_CODE | Segment.LONG, Segment.FLAT_DATA);
  }

  /** Flat segments, a TSS, no LDT. */
  static void segments(TestGuest guest, long code, long data) {
    for (Segment segment : Segment.values()) {
      guest.with(segment.guestAccessRights(), segment == Segment.CS ? code : data);
      guest.with(segment.guestLimit(), 0xffff_ffffL);
    }
    guest
        .with(VmcsField.GUEST_TR_ACCESS_RIGHTS, Segment.BUSY_TSS)
        .with(VmcsField.GUEST_TR_LIMIT, 0x67)
        .with(VmcsField.GUEST_LDTR_ACCESS_RIGHTS, Segment.UNUSABLE);
  }
}
