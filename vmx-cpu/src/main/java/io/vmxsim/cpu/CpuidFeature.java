package io.vmxsim.cpu;

/**
 * Feature flags of CPUID that the processor model or a capability rule reads. Names are the SDM's
 * (volume 2, “CPUID—CPU Identification”; from LA57 on also the later editions).
 */
public enum CpuidFeature {
  FPU(0x1, 0, Cpuid.EDX, 0),
  VME(0x1, 0, Cpuid.EDX, 1),
  DE(0x1, 0, Cpuid.EDX, 2),
  PSE(0x1, 0, Cpuid.EDX, 3),
  TSC(0x1, 0, Cpuid.EDX, 4),
  MSR(0x1, 0, Cpuid.EDX, 5),
  PAE(0x1, 0, Cpuid.EDX, 6),
  MCE(0x1, 0, Cpuid.EDX, 7),
  CX8(0x1, 0, Cpuid.EDX, 8),
  SEP(0x1, 0, Cpuid.EDX, 11),
  PGE(0x1, 0, Cpuid.EDX, 13),
  CMOV(0x1, 0, Cpuid.EDX, 15),
  PAT(0x1, 0, Cpuid.EDX, 16),
  PSE36(0x1, 0, Cpuid.EDX, 17),
  CLFSH(0x1, 0, Cpuid.EDX, 19),
  MMX(0x1, 0, Cpuid.EDX, 23),
  FXSR(0x1, 0, Cpuid.EDX, 24),
  SSE(0x1, 0, Cpuid.EDX, 25),
  SSE2(0x1, 0, Cpuid.EDX, 26),
  SSE3(0x1, 0, Cpuid.ECX, 0),
  PCLMULQDQ(0x1, 0, Cpuid.ECX, 1),
  MONITOR(0x1, 0, Cpuid.ECX, 3),
  VMX(0x1, 0, Cpuid.ECX, 5),
  SMX(0x1, 0, Cpuid.ECX, 6),
  SSSE3(0x1, 0, Cpuid.ECX, 9),
  FMA(0x1, 0, Cpuid.ECX, 12),
  CX16(0x1, 0, Cpuid.ECX, 13),
  PDCM(0x1, 0, Cpuid.ECX, 15),
  PCID(0x1, 0, Cpuid.ECX, 17),
  SSE4_1(0x1, 0, Cpuid.ECX, 19),
  SSE4_2(0x1, 0, Cpuid.ECX, 20),
  X2APIC(0x1, 0, Cpuid.ECX, 21),
  MOVBE(0x1, 0, Cpuid.ECX, 22),
  POPCNT(0x1, 0, Cpuid.ECX, 23),
  TSC_DEADLINE(0x1, 0, Cpuid.ECX, 24),
  AES(0x1, 0, Cpuid.ECX, 25),
  XSAVE(0x1, 0, Cpuid.ECX, 26),
  AVX(0x1, 0, Cpuid.ECX, 28),
  F16C(0x1, 0, Cpuid.ECX, 29),
  RDRAND(0x1, 0, Cpuid.ECX, 30),
  FSGSBASE(0x7, 0, Cpuid.EBX, 0),
  TSC_ADJUST(0x7, 0, Cpuid.EBX, 1),
  SGX(0x7, 0, Cpuid.EBX, 2),
  BMI1(0x7, 0, Cpuid.EBX, 3),
  HLE(0x7, 0, Cpuid.EBX, 4),
  AVX2(0x7, 0, Cpuid.EBX, 5),
  FDP_EXCPTN_ONLY(0x7, 0, Cpuid.EBX, 6),
  SMEP(0x7, 0, Cpuid.EBX, 7),
  BMI2(0x7, 0, Cpuid.EBX, 8),
  INVPCID(0x7, 0, Cpuid.EBX, 10),
  RTM(0x7, 0, Cpuid.EBX, 11),
  ZERO_FCS_FDS(0x7, 0, Cpuid.EBX, 13),
  MPX(0x7, 0, Cpuid.EBX, 14),
  AVX512F(0x7, 0, Cpuid.EBX, 16),
  AVX512DQ(0x7, 0, Cpuid.EBX, 17),
  RDSEED(0x7, 0, Cpuid.EBX, 18),
  ADX(0x7, 0, Cpuid.EBX, 19),
  SMAP(0x7, 0, Cpuid.EBX, 20),
  AVX512_IFMA(0x7, 0, Cpuid.EBX, 21),
  CLFLUSHOPT(0x7, 0, Cpuid.EBX, 23),
  CLWB(0x7, 0, Cpuid.EBX, 24),
  INTEL_PT(0x7, 0, Cpuid.EBX, 25),
  AVX512CD(0x7, 0, Cpuid.EBX, 28),
  SHA(0x7, 0, Cpuid.EBX, 29),
  AVX512BW(0x7, 0, Cpuid.EBX, 30),
  AVX512VL(0x7, 0, Cpuid.EBX, 31),
  AVX512_VBMI(0x7, 0, Cpuid.ECX, 1),
  UMIP(0x7, 0, Cpuid.ECX, 2),
  PKU(0x7, 0, Cpuid.ECX, 3),
  WAITPKG(0x7, 0, Cpuid.ECX, 5),
  AVX512_VBMI2(0x7, 0, Cpuid.ECX, 6),
  CET_SS(0x7, 0, Cpuid.ECX, 7),
  GFNI(0x7, 0, Cpuid.ECX, 8),
  VAES(0x7, 0, Cpuid.ECX, 9),
  VPCLMULQDQ(0x7, 0, Cpuid.ECX, 10),
  AVX512_VNNI(0x7, 0, Cpuid.ECX, 11),
  AVX512_BITALG(0x7, 0, Cpuid.ECX, 12),
  AVX512_VPOPCNTDQ(0x7, 0, Cpuid.ECX, 14),
  LA57(0x7, 0, Cpuid.ECX, 16),
  RDPID(0x7, 0, Cpuid.ECX, 22),
  KL(0x7, 0, Cpuid.ECX, 23),
  BUS_LOCK_DETECT(0x7, 0, Cpuid.ECX, 24),
  ENQCMD(0x7, 0, Cpuid.ECX, 29),
  PKS(0x7, 0, Cpuid.ECX, 31),
  AVX512_4VNNIW(0x7, 0, Cpuid.EDX, 2),
  AVX512_4FMAPS(0x7, 0, Cpuid.EDX, 3),
  UINTR(0x7, 0, Cpuid.EDX, 5),
  AVX512_VP2INTERSECT(0x7, 0, Cpuid.EDX, 8),
  SERIALIZE(0x7, 0, Cpuid.EDX, 14),
  TSXLDTRK(0x7, 0, Cpuid.EDX, 16),
  PCONFIG(0x7, 0, Cpuid.EDX, 18),
  ARCH_LBR(0x7, 0, Cpuid.EDX, 19),
  CET_IBT(0x7, 0, Cpuid.EDX, 20),
  AMX_BF16(0x7, 0, Cpuid.EDX, 22),
  AVX512_FP16(0x7, 0, Cpuid.EDX, 23),
  AMX_TILE(0x7, 0, Cpuid.EDX, 24),
  AMX_INT8(0x7, 0, Cpuid.EDX, 25),
  SPEC_CTRL(0x7, 0, Cpuid.EDX, 26),
  L1D_FLUSH(0x7, 0, Cpuid.EDX, 28),
  ARCH_CAPABILITIES(0x7, 0, Cpuid.EDX, 29),
  AVX_VNNI(0x7, 1, Cpuid.EAX, 4),
  AVX512_BF16(0x7, 1, Cpuid.EAX, 5),
  FRED(0x7, 1, Cpuid.EAX, 17),
  LKGS(0x7, 1, Cpuid.EAX, 18),
  LAM(0x7, 1, Cpuid.EAX, 26),
  MSRLIST(0x7, 1, Cpuid.EAX, 27),
  XSAVEOPT(0xD, 1, Cpuid.EAX, 0),
  XSAVEC(0xD, 1, Cpuid.EAX, 1),
  XSAVES(0xD, 1, Cpuid.EAX, 3),
  LZCNT(0x80000001, 0, Cpuid.ECX, 5),
  SYSCALL(0x80000001, 0, Cpuid.EDX, 11),
  NX(0x80000001, 0, Cpuid.EDX, 20),
  PAGE1GB(0x80000001, 0, Cpuid.EDX, 26),
  RDTSCP(0x80000001, 0, Cpuid.EDX, 27),
  LM(0x80000001, 0, Cpuid.EDX, 29),
  WBNOINVD(0x80000008, 0, Cpuid.EBX, 9);

  private final int leaf;
  private final int subleaf;
  private final int register;
  private final int bit;

  CpuidFeature(int leaf, int subleaf, int register, int bit) {
    this.leaf = leaf;
    this.subleaf = subleaf;
    this.register = register;
    this.bit = bit;
  }

  int leaf() {
    return leaf;
  }

  int subleaf() {
    return subleaf;
  }

  /** The register it is in, by its index in what CPUID returns. */
  int register() {
    return register;
  }

  int bit() {
    return bit;
  }

  /** Whether {@code cpuid} reports this feature. */
  boolean in(Cpuid cpuid) {
    return (cpuid.register(leaf, subleaf, register) >>> bit & 1) != 0;
  }
}
