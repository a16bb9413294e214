package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/**
 * 26.3.1.6 “Checks on Guest Page-Directory-Pointer-Table Entries”; reserved bits from 4.4.1 “PDPTE
 * Registers”, Table 4-8.
 */
final class GuestPdptes extends Reading {

  GuestPdptes(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    boolean pae =
        bit(field(VmcsField.GUEST_CR0), 31) && bit(field(VmcsField.GUEST_CR4), 5) && !entry(9);
    if (!pae) {
      return true;
    }
    if (secondary(1)) {
      return valid(field(VmcsField.GUEST_PDPTE0))
          && valid(field(VmcsField.GUEST_PDPTE1))
          && valid(field(VmcsField.GUEST_PDPTE2))
          && valid(field(VmcsField.GUEST_PDPTE3));
    }
    // Table 4-7: bits 31:5 of CR3 are the physical address of the table
    long table = bits(field(VmcsField.GUEST_CR3), 31, 5) << 5;
    for (int i = 0; i < 4; i++) {
      if (!valid(context.environment().read64(table + 8L * i))) {
        return false;
      }
    }
    return true;
  }

  private boolean valid(long entry) {
    if (!bit(entry, 0)) {
      return true;
    }
    int width = context.cpu().physicalAddressBits();
    return bits(entry, 2, 1) == 0 && bits(entry, 8, 5) == 0 && bits(entry, 63, width) == 0;
  }
}
