package io.vmxsim.vmcs.rules;

import java.util.EnumMap;
import java.util.Map;

/**
 * What the checks of VM entry need to know of a processor besides its VMX capability MSRs: address
 * widths, a few features, and which bits of some MSRs are not reserved. Immutable. The processor
 * supports Intel 64 architecture.
 */
public final class CpuFacts {

  /** Features the checks ask CPUID for. */
  public enum Feature {
    /** CPUID.(EAX=07H,ECX=0):EBX.SGX[bit 2]. */
    SGX,
    /** CPUID.(EAX=07H,ECX=0):EBX[bit 11]. */
    RTM,
    /** CPUID.(EAX=07H,ECX=1):EAX.LAM[bit 26]: bits 62:61 of CR3 are not reserved. */
    LAM,
    /** CPUID.(EAX=07H,ECX=1):EAX.FRED[bit 17]. */
    FRED
  }

  /** MSRs whose reserved bits the checks look at. */
  public enum CheckedMsr {
    IA32_DEBUGCTL,
    IA32_PERF_GLOBAL_CTRL,
    IA32_EFER,
    IA32_BNDCFGS,
    IA32_RTIT_CTL,
    IA32_S_CET,
    IA32_LBR_CTL
  }

  private final int physicalAddressBits;
  private final int linearAddressBits;
  private final long features;
  private final EnumMap<CheckedMsr, Long> defined;

  /**
   * @param physicalAddressBits MAXPHYADDR, 32 to 52
   * @param linearAddressBits CPUID.80000008H:EAX[15:8], 48 or 57
   * @param features the features the processor has
   * @param defined for each MSR the bits that are not reserved; an MSR left out has none
   * @throws IllegalArgumentException for a width no processor has
   */
  public CpuFacts(
      int physicalAddressBits,
      int linearAddressBits,
      Iterable<Feature> features,
      Map<CheckedMsr, Long> defined) {
    if (physicalAddressBits < 32 || physicalAddressBits > 52) {
      throw new IllegalArgumentException("no MAXPHYADDR: " + physicalAddressBits);
    }
    if (linearAddressBits != 48 && linearAddressBits != 57) {
      throw new IllegalArgumentException("no linear-address width: " + linearAddressBits);
    }
    this.physicalAddressBits = physicalAddressBits;
    this.linearAddressBits = linearAddressBits;
    this.features = mask(features);
    this.defined = new EnumMap<>(CheckedMsr.class);
    this.defined.putAll(defined);
  }

  /** MAXPHYADDR. */
  public int physicalAddressBits() {
    return physicalAddressBits;
  }

  /** The number of linear-address bits. */
  public int linearAddressBits() {
    return linearAddressBits;
  }

  /** Whether the processor has the feature. */
  @SuppressWarnings("EnumOrdinal") // a set of few elements in a word
  public boolean has(Feature feature) {
    return (features >>> feature.ordinal() & 1) != 0;
  }

  /** The bits of the MSR that are not reserved. */
  public long defined(CheckedMsr msr) {
    Long bits = defined.get(msr);
    return bits == null ? 0 : bits;
  }

  @SuppressWarnings("EnumOrdinal") // see has
  private static long mask(Iterable<Feature> features) {
    long mask = 0;
    for (Feature feature : features) {
      mask |= 1L << feature.ordinal();
    }
    return mask;
  }
}
