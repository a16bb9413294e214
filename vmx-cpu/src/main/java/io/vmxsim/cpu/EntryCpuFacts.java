package io.vmxsim.cpu;

import io.vmxsim.vmcs.rules.CpuFacts;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import io.vmxsim.vmcs.rules.CpuFacts.Feature;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * What CPUID says to the checks of VM entry.
 *
 * <p>Source of the bits: SDM (June 2016) 17.4.1 “IA32_DEBUGCTL MSR”, 18.2.2 “Architectural
 * Performance Monitoring Version 2”, 2.2.1 “Extended Feature Enable Register”, 36.2.7.2
 * “IA32_RTIT_CTL MSR”; IA32_S_CET, IA32_LBR_CTL and the newer bits from later editions.
 */
final class EntryCpuFacts {
  private static final long DEBUGCTL = 0x7fc3;
  private static final long DEBUGCTL_BUS_LOCK_DETECT = 1 << 2;
  private static final long DEBUGCTL_RTM = 1 << 15;
  private static final long BNDCFGS = -1L << 12 | 3;
  private static final long S_CET_SHADOW_STACK = 3;
  private static final long S_CET_BRANCH_TRACKING = -1L << 10 | 0x3c;
  private static final long LBR_CTL = 0x7f000f;

  /** As if the processor had everything that leaf 14H can report. */
  private static final long RTIT_CTL = 0x01ff_ffff_8f7b_ffffL;

  private static final int PERFORMANCE_MONITORING = 0xa;

  private EntryCpuFacts() {}

  /**
   * The facts of a processor.
   *
   * @param physicalAddressBits MAXPHYADDR, or the width of the memory that it has instead
   */
  static CpuFacts of(Cpuid cpuid, int physicalAddressBits) {
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    for (Feature feature : Feature.values()) {
      if (cpuid.has(CpuidFeature.valueOf(feature.name()))) {
        features.add(feature);
      }
    }
    int linear = cpuid.linearAddressBits() > 48 ? 57 : 48;
    return new CpuFacts(physicalAddressBits, linear, features, definedBits(cpuid));
  }

  private static Map<CheckedMsr, Long> definedBits(Cpuid cpuid) {
    Map<CheckedMsr, Long> defined = new EnumMap<>(CheckedMsr.class);
    defined.put(
        CheckedMsr.IA32_DEBUGCTL,
        DEBUGCTL
            | bits(cpuid, CpuidFeature.RTM, DEBUGCTL_RTM)
            | bits(cpuid, CpuidFeature.BUS_LOCK_DETECT, DEBUGCTL_BUS_LOCK_DETECT));
    defined.put(CheckedMsr.IA32_PERF_GLOBAL_CTRL, counters(cpuid));
    defined.put(
        CheckedMsr.IA32_EFER,
        CpuState.EFER_SCE
            | CpuState.EFER_LME
            | CpuState.EFER_LMA
            | bits(cpuid, CpuidFeature.NX, CpuState.EFER_NXE));
    defined.put(CheckedMsr.IA32_BNDCFGS, bits(cpuid, CpuidFeature.MPX, BNDCFGS));
    defined.put(CheckedMsr.IA32_RTIT_CTL, bits(cpuid, CpuidFeature.INTEL_PT, RTIT_CTL));
    defined.put(
        CheckedMsr.IA32_S_CET,
        bits(cpuid, CpuidFeature.CET_SS, S_CET_SHADOW_STACK)
            | bits(cpuid, CpuidFeature.CET_IBT, S_CET_BRANCH_TRACKING));
    defined.put(CheckedMsr.IA32_LBR_CTL, bits(cpuid, CpuidFeature.ARCH_LBR, LBR_CTL));
    return defined;
  }

  private static long bits(Cpuid cpuid, CpuidFeature feature, long bits) {
    return cpuid.has(feature) ? bits : 0;
  }

  /** One bit per general counter from bit 0, one per fixed counter from bit 32. */
  private static long counters(Cpuid cpuid) {
    int general = cpuid.register(PERFORMANCE_MONITORING, 0, Cpuid.EAX) >>> 8 & 0xff;
    int fixed = cpuid.register(PERFORMANCE_MONITORING, 0, Cpuid.EDX) & 0x1f;
    return (1L << general) - 1 | ((1L << fixed) - 1) << 32;
  }
}
