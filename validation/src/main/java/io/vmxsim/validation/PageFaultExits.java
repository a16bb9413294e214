package io.vmxsim.validation;

import io.vmxsim.ept.PageSize;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table A2: VM exits per guest page fault that ends in one page-table write and no INVLPG, the leaf
 * table being there already. DROP takes the fault, the write, and the access again, whose shadow
 * entry the write dropped; UPDATE the fault and the write; BYPASS the write; with EPT, and the
 * frame backed already, the guest is alone with its page tables.
 */
final class PageFaultExits {
  private static final int WARM_UP = 8;
  private static final int FAULTS = 200;

  private PageFaultExits() {}

  static List<PublishedRow> rows() {
    return List.of(
        shadow(ShadowPolicy.DROP, 3, "KVM commit 0028425f647b, before it", Grade.PRIMARY),
        shadow(ShadowPolicy.UPDATE, 2, "KVM commit 0028425f647b, after it", Grade.PRIMARY),
        shadow(ShadowPolicy.BYPASS, 1, "from the rule of KVM commit c7addb902054", Grade.DERIVED),
        row(
            "EPT",
            0,
            "the guest's tables are its own",
            Grade.DERIVED,
            VmOptions.ept(PageSize.SIZE_2M)));
  }

  private static PublishedRow shadow(ShadowPolicy policy, int exits, String source, Grade grade) {
    return row(
        "shadow paging, " + policy,
        exits,
        source,
        grade,
        VmOptions.shadow(policy, PageSize.SIZE_4K));
  }

  private static PublishedRow row(
      String name, int exits, String source, Grade grade, VmOptions options) {
    return PublishedRow.exact(
        name, exits, "exits per fault", source, grade, () -> exitsPerFault(options));
  }

  private static double exitsPerFault(VmOptions options) {
    long before = new FaultingGuest(options, WARM_UP).exits();
    long after = new FaultingGuest(options, WARM_UP + FAULTS).exits();
    return (double) (after - before) / FAULTS;
  }
}
