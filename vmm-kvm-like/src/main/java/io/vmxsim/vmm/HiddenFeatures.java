package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import java.util.ArrayList;
import java.util.List;

/** The features of the processor, besides VMX, that the VMM does not show its guests. */
public final class HiddenFeatures {
  /**
   * What a guest could use only with controls that this VMM leaves off; and MONITOR, whose MWAIT
   * exits and does not wait, so that a guest which waits by it would spin.
   */
  private static final List<CpuidFeature> ALWAYS =
      List.of(
          CpuidFeature.MONITOR,
          CpuidFeature.SMX,
          CpuidFeature.WAITPKG,
          CpuidFeature.ENQCMD,
          CpuidFeature.PCONFIG,
          CpuidFeature.KL,
          CpuidFeature.MSRLIST,
          CpuidFeature.FRED);

  /** Shadow tables have no room for them; and INVPCID is of no use without PCIDs. */
  private static final List<CpuidFeature> UNDER_SHADOW_PAGING =
      List.of(
          CpuidFeature.PCID,
          CpuidFeature.INVPCID,
          CpuidFeature.PKU,
          CpuidFeature.PKS,
          CpuidFeature.LAM);

  private HiddenFeatures() {}

  /** Those that {@code host} has and a guest under such paging does not. */
  public static List<CpuidFeature> of(CpuProfile host, VmPaging paging) {
    List<CpuidFeature> hidden = new ArrayList<>(ALWAYS);
    if (paging == VmPaging.SHADOW) {
      hidden.addAll(UNDER_SHADOW_PAGING);
    }
    return hidden.stream().filter(host.cpuid()::has).toList();
  }
}
