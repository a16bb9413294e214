package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.rules.RegisterBits.BITS_63_32;
import static io.vmxsim.vmcs.rules.RegisterBits.S_CET_SUPPRESS;
import static io.vmxsim.vmcs.rules.RegisterBits.S_CET_TRACKER;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import java.util.List;

/**
 * Checks that the SDM makes in the same words on registers of the host (26.2.2) and of the guest
 * (26.3.1.1). One instance writes down those of one side.
 */
final class RegisterChecks {

  private static final long FRED_CONFIG_RESERVED = 1L << 2 | 3L << 4 | 1L << 11;

  private final RuleList list;
  private final String side;

  /**
   * @param side “host” or “guest”: the prefix of fields and ids
   */
  RegisterChecks(RuleList list, String side) {
    this.list = list;
    this.side = side;
  }

  private EntryRule.Draft rule(String id, String requirement) {
    return list.rule(side + "-" + id, requirement.formatted(side));
  }

  /** CR4.CET needs CR0.WP. */
  void cetNeedsWriteProtect(VmcsField cr0, VmcsField cr4) {
    rule("cet-needs-wp", "If CR4.CET is 1 in the %s state, CR0.WP must also be 1.")
        .newer()
        .when(Condition.set(cr4, RegisterBits.CR4_CET))
        .then(Condition.set(cr0, RegisterBits.CR0_WP));
  }

  /** Reserved bits of CR3: those beyond the physical-address width but the two of LAM. */
  void cr3(VmcsField cr3) {
    rule(
            "cr3-width",
            "The %s CR3 field must not set bits beyond the processor's physical-address width.")
        .then(
            c -> {
              boolean lam = c.cpu().has(CpuFacts.Feature.LAM);
              return c.isWithinPhysicalWidth(c.get(cr3) & (lam ? ~RegisterBits.CR3_LAM : -1L));
            },
            cr3);
  }

  /** The field contains a canonical address. */
  void canonical(String id, String name, VmcsField field) {
    rule(id + "-canonical", "The %%s %s must be canonical.".formatted(name))
        .then(c -> c.isCanonical(c.get(field)), field);
  }

  /** The field has none of the MSR's reserved bits. */
  EntryRule.Draft reserved(String id, CheckedMsr msr, Condition when) {
    return rule(
            id + "-reserved",
            "Bits reserved in %s must be 0 in the %%s field for it.".formatted(msr))
        .when(when);
  }

  /** What {@link #reserved} requires. */
  static Condition noneReserved(CheckedMsr msr, VmcsField field) {
    return Condition.reading(c -> (c.get(field) & ~c.cpu().defined(msr)) == 0, field);
  }

  /** Each byte of IA32_PAT is a memory type. */
  void pat(Condition when, VmcsField pat) {
    rule(
            "pat-memory-types",
            "Each byte of the %s IA32_PAT field must be 0 (UC), 1 (WC), 4 (WT), 5 (WP), 6 (WB) or 7"
                + " (UC-).")
        .when(when)
        .then(c -> areMemoryTypes(c.get(pat)), pat);
  }

  /** Eight bytes at once: bits 7:3 are 0, and bit 1 comes with bit 2. */
  private static boolean areMemoryTypes(long pat) {
    long types = 0x0202_0202_0202_0202L;
    return (pat & 0xF8F8_F8F8_F8F8_F8F8L) == 0 && (pat & types & ~(pat >>> 1)) == 0;
  }

  /** IA32_PKRS has 32 bits. */
  void pkrs(Condition when, VmcsField pkrs) {
    rule("pkrs-reserved", "Bits 63:32 of the %s IA32_PKRS field must be 0.")
        .newer()
        .when(when)
        .then(Condition.clear(pkrs, BITS_63_32));
  }

  /** Reserved bits and exclusive bits of IA32_S_CET. */
  void supervisorCet(Condition when, VmcsField supervisorCet) {
    reserved("s-cet", CheckedMsr.IA32_S_CET, when)
        .newer()
        .then(noneReserved(CheckedMsr.IA32_S_CET, supervisorCet));
    rule("s-cet-tracker", "SUPPRESS and TRACKER must not both be 1 in the %s IA32_S_CET field.")
        .newer()
        .when(when)
        .then(Condition.not(Condition.set(supervisorCet, S_CET_SUPPRESS | S_CET_TRACKER)));
  }

  /** Bits 1:0 of SSP. */
  void shadowStackPointer(Condition when, VmcsField ssp) {
    rule("ssp-aligned", "Bits 1:0 of the %s SSP field must be 0.")
        .newer()
        .when(when)
        .then(Condition.clear(ssp, 3));
  }

  /** Like {@link #canonical}, for a register that a control loads. */
  void newerCanonical(String id, String name, Condition when, VmcsField field) {
    rule(id + "-canonical", "The %%s %s field must be canonical.".formatted(name))
        .newer()
        .when(when)
        .then(c -> c.isCanonical(c.get(field)), field);
  }

  /** The seven MSRs of FRED that have checks. */
  void fred(Condition when, VmcsField config, List<VmcsField> rsp, List<VmcsField> ssp) {
    rule("fred-config-reserved", "Bits 2, 5:4 and 11 of the %s IA32_FRED_CONFIG field must be 0.")
        .newer()
        .when(when)
        .then(Condition.clear(config, FRED_CONFIG_RESERVED));
    newerCanonical("fred-config", "IA32_FRED_CONFIG", when, config);
    stackPointers("rsp", "IA32_FRED_RSP", 5, when, rsp);
    stackPointers("ssp", "IA32_FRED_SSP", 2, when, ssp);
  }

  private void stackPointers(
      String id, String name, int highestZero, Condition when, List<VmcsField> fields) {
    long unaligned = (2L << highestZero) - 1;
    for (int i = 1; i <= fields.size(); i++) {
      VmcsField field = fields.get(i - 1);
      newerCanonical("fred-" + id + i, name + i, when, field);
      rule(
              "fred-" + id + i + "-aligned",
              "Bits %d:0 of the %%s %s field must be 0.".formatted(highestZero, name + i))
          .newer()
          .when(when)
          .then(Condition.clear(field, unaligned));
    }
  }
}
