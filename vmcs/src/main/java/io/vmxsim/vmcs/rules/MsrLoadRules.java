package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS;
import static io.vmxsim.vmcs.VmcsField.VM_ENTRY_MSR_LOAD_COUNT;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.reading;

import java.util.List;

/**
 * SDM (June 2016) 26.4 “Loading MSRs”: the cases in which processing of an entry of the VM-entry
 * MSR-load area fails. An entry has the MSR's index in bits 31:0 and its value in bits 127:64.
 *
 * <p>As the processor loads entry by entry, it asks {@link #isLoadable} and WRMSR of each; the
 * rules see the area as it is before any entry has been loaded. Entries beyond the number that
 * IA32_VMX_MISC recommends are not looked at: with them the behaviour is undefined.
 */
public final class MsrLoadRules {

  private static final int ENTRY_BYTES = 16;
  private static final long IA32_FS_BASE = 0xC000_0100L;
  private static final long IA32_GS_BASE = 0xC000_0101L;
  private static final long IA32_SMM_MONITOR_CTL = 0x9B;

  /** A requirement on one entry: its bits 63:0 and bits 127:64. */
  @FunctionalInterface
  private interface EntryTest {
    boolean holds(EntryContext context, long low, long value);
  }

  private static final EntryTest NOT_A_SEGMENT_BASE = (c, low, value) -> !isSegmentBase(index(low));
  private static final EntryTest NOT_X2APIC = (c, low, value) -> !isX2apic(index(low));
  private static final EntryTest WRITABLE_OUTSIDE_SMM =
      (c, low, value) -> index(low) != IA32_SMM_MONITOR_CTL || c.environment().isInSmm();
  private static final EntryTest RESERVED_BITS_0 = (c, low, value) -> low >>> 32 == 0;
  private static final EntryTest ACCEPTED_BY_WRMSR =
      (c, low, value) -> !c.environment().refusesWrmsr((int) low, value);

  private static final List<EntryTest> TESTS =
      List.of(
          NOT_A_SEGMENT_BASE, NOT_X2APIC, WRITABLE_OUTSIDE_SMM, RESERVED_BITS_0, ACCEPTED_BY_WRMSR);

  private MsrLoadRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.MSR_LOADING);
    every(
        list,
        "msr-load-segment-base",
        "No entry of the VM-entry MSR-load area may load IA32_FS_BASE or IA32_GS_BASE.",
        NOT_A_SEGMENT_BASE);
    every(
        list,
        "msr-load-x2apic",
        "No entry of the VM-entry MSR-load area may have 000008H in bits 31:8, an APIC register.",
        NOT_X2APIC);
    every(
        list,
        "msr-load-smm-only",
        "No entry of the VM-entry MSR-load area may load an MSR that can be written in SMM only,"
            + " unless the VM entry is in SMM.",
        WRITABLE_OUTSIDE_SMM,
        EntryInput.SMM);
    every(
        list,
        "msr-load-reserved-bits",
        "Bits 63:32 of each entry of the VM-entry MSR-load area must be 0.",
        RESERVED_BITS_0);
    every(
        list,
        "msr-load-wrmsr",
        "Each entry of the VM-entry MSR-load area must be one that WRMSR at CPL 0 would write"
            + " without fault.",
        ACCEPTED_BY_WRMSR,
        EntryInput.WRMSR_FAULTS);
    return list.rules();
  }

  /**
   * The number, from 1, of the first entry that some rule refuses: the exit qualification of the
   * failure; 0 if there is none.
   *
   * @throws UnknownInput if the area or an answer about an MSR is not known
   */
  public static long firstRefusedEntry(EntryContext context) {
    long first = 0;
    for (EntryTest test : TESTS) {
      long refused = firstRefused(context, test);
      if (refused != 0 && (first == 0 || refused < first)) {
        first = refused;
      }
    }
    return first;
  }

  /**
   * Whether an entry whose bits 63:0 are {@code low} may be loaded, as far as that does not depend
   * on WRMSR.
   */
  public static boolean isLoadable(long low, boolean inSmm) {
    long index = index(low);
    return low >>> 32 == 0
        && !isSegmentBase(index)
        && !isX2apic(index)
        && (index != IA32_SMM_MONITOR_CTL || inSmm);
  }

  private static void every(
      RuleList list, String id, String requirement, EntryTest test, EntryInput... asked) {
    Condition holds = asking(EntryInput.MSR_LOAD_AREA, c -> firstRefused(c, test) == 0);
    for (EntryInput input : asked) {
      holds = holds.and(asking(input, c -> true));
    }
    list.rule(id, requirement)
        .when(reading(MsrLoadRules::hasArea, VM_ENTRY_MSR_LOAD_ADDRESS, VM_ENTRY_MSR_LOAD_COUNT))
        .then(holds);
  }

  private static boolean hasArea(EntryContext context) {
    long count = context.get(VM_ENTRY_MSR_LOAD_COUNT);
    return count != 0
        && MsrAreas.isFormable(context, context.get(VM_ENTRY_MSR_LOAD_ADDRESS), count);
  }

  private static long firstRefused(EntryContext context, EntryTest test) {
    long address = context.get(VM_ENTRY_MSR_LOAD_ADDRESS);
    long count =
        Math.min(
            context.get(VM_ENTRY_MSR_LOAD_COUNT), context.capabilities().recommendedMsrListSize());
    for (long i = 0; i < count; i++) {
      long entry = address + i * ENTRY_BYTES;
      long low = context.environment().read64(entry);
      if (!test.holds(context, low, context.environment().read64(entry + 8))) {
        return i + 1;
      }
    }
    return 0;
  }

  private static long index(long low) {
    return low & 0xFFFF_FFFFL;
  }

  private static boolean isSegmentBase(long index) {
    return index == IA32_FS_BASE || index == IA32_GS_BASE;
  }

  private static boolean isX2apic(long index) {
    return index >>> 8 == 8;
  }
}
