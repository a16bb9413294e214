package io.vmxsim.cpu;

import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The model-specific registers that are modelled, by address, with what WRMSR accepts ("Model
 * Specific Registers", chapter 35). Any other address gets #GP(0), as does one that belongs to a
 * feature which CPUID does not report. The MSRs of a local APIC are that one's ({@link
 * io.vmxsim.cpu.apic.ApicRegister}); those here serve a processor without.
 */
public enum Msr {
  IA32_TIME_STAMP_COUNTER(0x10, Accepts.ANY),
  IA32_APIC_BASE(0x1b, Accepts.ANY),
  IA32_FEATURE_CONTROL(0x3a, Accepts.UNTIL_LOCKED),
  IA32_TSC_ADJUST(0x3b, Accepts.ANY, CpuidFeature.TSC_ADJUST),
  IA32_SPEC_CTRL(0x48, Accepts.ANY, CpuidFeature.SPEC_CTRL),
  IA32_PRED_CMD(0x49, Accepts.COMMAND, CpuidFeature.SPEC_CTRL),
  IA32_BIOS_UPDT_TRIG(0x79, Accepts.ANY),
  IA32_BIOS_SIGN_ID(0x8b, Accepts.ANY),
  IA32_UMWAIT_CONTROL(0xe1, Accepts.UMWAIT_BITS, CpuidFeature.WAITPKG),
  IA32_MTRRCAP(0xfe, Accepts.NOTHING),
  IA32_ARCH_CAPABILITIES(0x10a, Accepts.NOTHING, CpuidFeature.ARCH_CAPABILITIES),
  IA32_FLUSH_CMD(0x10b, Accepts.COMMAND, CpuidFeature.L1D_FLUSH),
  IA32_SYSENTER_CS(0x174, Accepts.LOW_32),
  IA32_SYSENTER_ESP(0x175, Accepts.CANONICAL),
  IA32_SYSENTER_EIP(0x176, Accepts.CANONICAL),
  IA32_MCG_CAP(0x179, Accepts.NOTHING),
  IA32_MCG_STATUS(0x17a, Accepts.ANY),
  IA32_MISC_ENABLE(0x1a0, Accepts.ANY),
  IA32_FRED_RSP0(0x1cc, Accepts.ALIGNED_64, CpuidFeature.FRED),
  IA32_FRED_RSP1(0x1cd, Accepts.ALIGNED_64, CpuidFeature.FRED),
  IA32_FRED_RSP2(0x1ce, Accepts.ALIGNED_64, CpuidFeature.FRED),
  IA32_FRED_RSP3(0x1cf, Accepts.ALIGNED_64, CpuidFeature.FRED),
  IA32_FRED_STKLVLS(0x1d0, Accepts.ANY, CpuidFeature.FRED),
  IA32_FRED_SSP1(0x1d1, Accepts.ALIGNED_8, CpuidFeature.FRED),
  IA32_FRED_SSP2(0x1d2, Accepts.ALIGNED_8, CpuidFeature.FRED),
  IA32_FRED_SSP3(0x1d3, Accepts.ALIGNED_8, CpuidFeature.FRED),
  IA32_FRED_CONFIG(0x1d4, Accepts.FRED_CONFIG_BITS, CpuidFeature.FRED),
  IA32_DEBUGCTL(0x1d9, Accepts.ANY),
  IA32_PAT(0x277, Accepts.MEMORY_TYPES),
  IA32_MTRR_DEF_TYPE(0x2ff, Accepts.ANY),
  IA32_PERF_CAPABILITIES(0x345, Accepts.NOTHING, CpuidFeature.PDCM),
  IA32_FIXED_CTR_CTRL(0x38d, Accepts.ANY),
  IA32_PERF_GLOBAL_STATUS(0x38e, Accepts.NOTHING),
  IA32_PERF_GLOBAL_CTRL(0x38f, Accepts.ANY),
  IA32_PERF_GLOBAL_OVF_CTRL(0x390, Accepts.ANY),
  IA32_RTIT_CTL(0x570, Accepts.ANY),
  IA32_U_CET(0x6a0, Accepts.CANONICAL),
  IA32_S_CET(0x6a2, Accepts.CANONICAL),
  IA32_PL0_SSP(0x6a4, Accepts.CANONICAL),
  IA32_PL1_SSP(0x6a5, Accepts.CANONICAL),
  IA32_PL2_SSP(0x6a6, Accepts.CANONICAL),
  IA32_PL3_SSP(0x6a7, Accepts.CANONICAL),
  IA32_INTERRUPT_SSP_TABLE_ADDR(0x6a8, Accepts.CANONICAL),
  IA32_RTIT_ADDR0_A(0x580, Accepts.CANONICAL),
  IA32_RTIT_ADDR0_B(0x581, Accepts.CANONICAL),
  IA32_RTIT_ADDR1_A(0x582, Accepts.CANONICAL),
  IA32_RTIT_ADDR1_B(0x583, Accepts.CANONICAL),
  IA32_DS_AREA(0x600, Accepts.CANONICAL),
  IA32_TSC_DEADLINE(0x6e0, Accepts.ANY, CpuidFeature.TSC_DEADLINE),
  IA32_PKRS(0x6e1, Accepts.LOW_32, CpuidFeature.PKS),
  IA32_X2APIC_TPR(0x808, Accepts.LOW_8),
  IA32_X2APIC_EOI(0x80b, Accepts.END),
  IA32_X2APIC_ICR(0x830, Accepts.ANY),
  IA32_UINTR_MISC(0x988, Accepts.ANY, CpuidFeature.UINTR),
  IA32_BNDCFGS(0xd90, Accepts.CANONICAL, CpuidFeature.MPX),
  IA32_XSS(0xda0, Accepts.SUPERVISOR_COMPONENTS, CpuidFeature.XSAVES),
  IA32_LBR_CTL(0x14ce, Accepts.ANY, CpuidFeature.ARCH_LBR),
  IA32_EFER(0xc0000080, Accepts.EFER_BITS),
  IA32_STAR(0xc0000081, Accepts.ANY),
  IA32_LSTAR(0xc0000082, Accepts.CANONICAL),
  IA32_CSTAR(0xc0000083, Accepts.CANONICAL),
  IA32_FMASK(0xc0000084, Accepts.LOW_32),
  IA32_FS_BASE(0xc0000100, Accepts.CANONICAL),
  IA32_GS_BASE(0xc0000101, Accepts.CANONICAL),
  IA32_KERNEL_GS_BASE(0xc0000102, Accepts.CANONICAL),
  IA32_TSC_AUX(0xc0000103, Accepts.LOW_32, CpuidFeature.RDTSCP);

  /** Which values WRMSR takes without #GP(0). */
  enum Accepts {
    ANY,
    NOTHING,
    /** Zero alone; RDMSR gets #GP(0). */
    END,
    /** Zero, or bit 0 to command something; RDMSR gets #GP(0). */
    COMMAND,
    LOW_8,
    LOW_32,
    CANONICAL,
    /** Canonical addresses of so many bytes. */
    ALIGNED_8,
    ALIGNED_64,
    FRED_CONFIG_BITS,
    /** 32 bits, of which bit 1 is reserved. */
    UMWAIT_BITS,
    MEMORY_TYPES,
    EFER_BITS,
    SUPERVISOR_COMPONENTS,
    UNTIL_LOCKED
  }

  private static final Msr[] BY_ADDRESS = values();
  private static final int[] ADDRESSES;

  static {
    Arrays.sort(BY_ADDRESS, Comparator.comparingInt(Msr::address));
    ADDRESSES = Arrays.stream(BY_ADDRESS).mapToInt(Msr::address).toArray();
  }

  private final int address;
  private final Accepts accepts;
  private final @Nullable CpuidFeature feature;

  Msr(int address, Accepts accepts) {
    this(address, accepts, null);
  }

  Msr(int address, Accepts accepts, @Nullable CpuidFeature feature) {
    this.address = address;
    this.accepts = accepts;
    this.feature = feature;
  }

  /** The value of ECX that names this MSR. */
  public int address() {
    return address;
  }

  Accepts accepts() {
    return accepts;
  }

  /** Whether RDMSR reads it. */
  boolean isReadable() {
    return accepts != Accepts.END && accepts != Accepts.COMMAND;
  }

  /** Whether a processor with that CPUID has it. */
  public boolean existsOn(Cpuid cpuid) {
    return feature == null || cpuid.has(feature);
  }

  /** The modelled MSR at that address, or null. */
  public static @Nullable Msr ofAddress(int address) {
    int i = Arrays.binarySearch(ADDRESSES, address);
    return i < 0 ? null : BY_ADDRESS[i];
  }
}
