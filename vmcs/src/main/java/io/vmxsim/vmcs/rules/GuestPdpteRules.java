package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_CR0;
import static io.vmxsim.vmcs.VmcsField.GUEST_CR3;
import static io.vmxsim.vmcs.VmcsField.GUEST_CR4;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/**
 * SDM (June 2016) 26.3.1.6 “Checks on Guest Page-Directory-Pointer-Table Entries”; the entries'
 * reserved bits are those of 4.4.1 “PDPTE Registers”, Table 4-8.
 */
final class GuestPdpteRules {

  /** Exit qualification: a problem loading the PDPTEs (26.7). */
  private static final long PDPTE_PROBLEM = 2;

  private static final long PRESENT = 1;
  private static final long RESERVED = 3L << 1 | 0xFL << 5;

  /** Bits 31:5 of CR3: Table 4-7. */
  private static final long TABLE = 0xFFFF_FFE0L;

  private GuestPdpteRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_PDPTES);
    Condition pae =
        off(EntryControl.IA_32E_MODE_GUEST)
            .and(set(GUEST_CR0, RegisterBits.CR0_PG))
            .and(set(GUEST_CR4, RegisterBits.CR4_PAE));
    for (int i = 0; i < 4; i++) {
      VmcsField pdpte = VmcsField.valueOf("GUEST_PDPTE" + i);
      list.rule(
              "guest-pdpte-" + i,
              "Reserved bits must be 0 in the PDPTE%d field if it is present.".formatted(i))
          .qualified(PDPTE_PROBLEM)
          .when(pae.and(on(SecondaryControl.ENABLE_EPT)))
          .then(c -> isValid(c, c.get(pdpte)), pdpte);
    }
    for (int i = 0; i < 4; i++) {
      long offset = 8L * i;
      list.rule(
              "guest-pdpte-in-memory-" + i,
              "Reserved bits must be 0 in entry %d of the table CR3 references if it is present."
                  .formatted(i))
          .qualified(PDPTE_PROBLEM)
          .when(pae.and(off(SecondaryControl.ENABLE_EPT)))
          .then(
              reading(c -> true, GUEST_CR3)
                  .and(
                      asking(
                          EntryInput.PAGE_DIRECTORY_POINTER_TABLE,
                          c ->
                              isValid(
                                  c,
                                  c.environment().read64((c.get(GUEST_CR3) & TABLE) + offset)))));
    }
    return list.rules();
  }

  /** Whether MOV to CR3 would accept the entry. */
  private static boolean isValid(EntryContext c, long entry) {
    return (entry & PRESENT) == 0 || ((entry & RESERVED) == 0 && c.isWithinPhysicalWidth(entry));
  }
}
