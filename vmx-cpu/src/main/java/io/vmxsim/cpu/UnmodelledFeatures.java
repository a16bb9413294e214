package io.vmxsim.cpu;

import java.util.List;

/**
 * Features that real processors report and whose instructions or state do not exist here. A machine
 * that executes code hides them in CPUID, so that software does without; profiles keep them, and
 * with them what VMX offers.
 */
public final class UnmodelledFeatures {
  private static final List<CpuidFeature> ALL =
      List.of(
          CpuidFeature.AVX512F,
          CpuidFeature.AVX512DQ,
          CpuidFeature.AVX512_IFMA,
          CpuidFeature.AVX512CD,
          CpuidFeature.AVX512BW,
          CpuidFeature.AVX512VL,
          CpuidFeature.AVX512_VBMI,
          CpuidFeature.AVX512_VBMI2,
          CpuidFeature.AVX512_VNNI,
          CpuidFeature.AVX512_BITALG,
          CpuidFeature.AVX512_VPOPCNTDQ,
          CpuidFeature.AVX512_4VNNIW,
          CpuidFeature.AVX512_4FMAPS,
          CpuidFeature.AVX512_VP2INTERSECT,
          CpuidFeature.AVX512_FP16,
          CpuidFeature.AVX512_BF16,
          CpuidFeature.AMX_TILE,
          CpuidFeature.AMX_INT8,
          CpuidFeature.AMX_BF16,
          CpuidFeature.MPX,
          CpuidFeature.SGX,
          CpuidFeature.PCONFIG,
          CpuidFeature.ENQCMD,
          CpuidFeature.KL,
          CpuidFeature.UINTR,
          CpuidFeature.BUS_LOCK_DETECT);

  private UnmodelledFeatures() {}

  /** Those that {@code profile} reports. */
  public static List<CpuidFeature> of(CpuProfile profile) {
    return ALL.stream().filter(profile.cpuid()::has).toList();
  }
}
