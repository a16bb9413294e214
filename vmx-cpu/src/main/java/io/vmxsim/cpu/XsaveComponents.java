package io.vmxsim.cpu;

import java.util.List;

/** Which state components of XSAVE come with which feature (volume 1, 13.1). */
final class XsaveComponents {
  private XsaveComponents() {}

  /** The components that go with the feature, by number. */
  static List<Integer> of(CpuidFeature feature) {
    return switch (feature) {
      case AVX -> List.of(2);
      case MPX -> List.of(3, 4);
      case AVX512F -> List.of(5, 6, 7);
      case INTEL_PT -> List.of(8);
      case PKU -> List.of(9);
      case ENQCMD -> List.of(10);
      case UINTR -> List.of(14);
      case ARCH_LBR -> List.of(15);
      case AMX_TILE -> List.of(17, 18);
      default -> List.of();
    };
  }
}
