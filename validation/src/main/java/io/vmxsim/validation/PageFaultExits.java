package io.vmxsim.validation;

import io.vmxsim.ept.PageSize;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table A2: VM exits per guest page fault that ends in one page-table write and no INVLPG, the leaf
 * table being there already.
 *
 * @param options how the VMM runs the guest
 * @param exits per fault
 * @param source where the number is from
 */
public record PageFaultExits(VmOptions options, int exits, String source) {
  /**
   * DROP takes the fault, the write, and the access again, whose shadow entry the write dropped;
   * UPDATE the fault and the write; BYPASS the write; with EPT, and the frame backed already, the
   * guest is alone with its page tables.
   */
  public static final List<PageFaultExits> PUBLISHED =
      List.of(
          shadow(ShadowPolicy.DROP, 3, "KVM commit 0028425f647b, before it"),
          shadow(ShadowPolicy.UPDATE, 2, "KVM commit 0028425f647b, after it"),
          shadow(ShadowPolicy.BYPASS, 1, "rule of KVM commit c7addb902054, count derived"),
          new PageFaultExits(VmOptions.ept(PageSize.SIZE_2M), 0, "derived"));

  private static PageFaultExits shadow(ShadowPolicy policy, int exits, String source) {
    return new PageFaultExits(VmOptions.shadow(policy, PageSize.SIZE_4K), exits, source);
  }
}
