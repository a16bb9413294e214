package io.vmxsim.cpu;

import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.PagingState;

/**
 * The architectural state of one logical processor: "Basic Program Execution Registers" (volume 1,
 * 3.4) and "System-Level Registers and Data Structures" (volume 3A, 2.1.6).
 *
 * <p>This is the register file and nothing more. Registers that stand alone are public fields;
 * control registers and EFER live once, in the {@link PagingState} that the MMU reads, and are
 * reached through methods. Writing them here is what a loader does: no checks, no invalidation.
 * Instructions with checks and effects are in {@link SensitiveInstructions}.
 */
public final class CpuState {
  /** Numbers of the general registers as instructions and exit qualifications encode them. */
  public static final int RAX = 0;

  public static final int RCX = 1;
  public static final int RDX = 2;
  public static final int RBX = 3;
  public static final int RSP = 4;
  public static final int RBP = 5;
  public static final int RSI = 6;
  public static final int RDI = 7;

  /** RFLAGS bits. */
  public static final long CF = 1;

  public static final long FIXED_1 = 1 << 1;
  public static final long PF = 1 << 2;
  public static final long AF = 1 << 4;
  public static final long ZF = 1 << 6;
  public static final long SF = 1 << 7;
  public static final long TF = 1 << 8;
  public static final long IF = 1 << 9;
  public static final long OF = 1 << 11;
  public static final long RF = 1 << 16;
  public static final long VM = 1 << 17;
  public static final long AC = 1 << 18;

  /** CR0 bits. */
  public static final long CR0_PE = 1;

  public static final long CR0_MP = 1 << 1;
  public static final long CR0_EM = 1 << 2;
  public static final long CR0_TS = 1 << 3;
  public static final long CR0_ET = 1 << 4;
  public static final long CR0_NE = 1 << 5;
  public static final long CR0_WP = 1 << 16;
  public static final long CR0_AM = 1 << 18;
  public static final long CR0_NW = 1 << 29;
  public static final long CR0_CD = 1 << 30;
  public static final long CR0_PG = 1L << 31;

  /** CR4 bits. */
  public static final long CR4_VME = 1;

  public static final long CR4_PVI = 1 << 1;
  public static final long CR4_TSD = 1 << 2;

  public static final long CR4_DE = 1 << 3;
  public static final long CR4_PAE = 1 << 5;
  public static final long CR4_PGE = 1 << 7;
  public static final long CR4_PCE = 1 << 8;
  public static final long CR4_OSFXSR = 1 << 9;
  public static final long CR4_OSXMMEXCPT = 1 << 10;
  public static final long CR4_UMIP = 1 << 11;
  public static final long CR4_LA57 = 1 << 12;
  public static final long CR4_VMXE = 1 << 13;
  public static final long CR4_SMXE = 1 << 14;
  public static final long CR4_PCIDE = 1 << 17;
  public static final long CR4_OSXSAVE = 1 << 18;
  public static final long CR4_CET = 1 << 23;

  /** FRED transitions. */
  public static final long CR4_FRED = 1L << 32;

  /** Linear-address masking of supervisor pointers. */
  public static final long CR4_LAM_SUP = 1 << 28;

  /** Linear-address masking of user pointers: 6 bits of metadata. */
  public static final long CR3_LAM_U57 = 1L << 61;

  /** The same: 15 bits of metadata; of no account where {@link #CR3_LAM_U57} is set. */
  public static final long CR3_LAM_U48 = 1L << 62;

  /** IA32_EFER bits. */
  public static final long EFER_SCE = 1;

  public static final long EFER_LME = 1 << 8;
  public static final long EFER_LMA = 1 << 10;
  public static final long EFER_NXE = 1 << 11;

  /** DR7 with every breakpoint disabled. */
  public static final long DR7_RESET = 0x400;

  /** DR6 with no condition recorded. */
  public static final long DR6_RESET = 0xffff0ff0L;

  /**
   * RAX to R15 by number; then three that no instruction names: a register that is always 0, in
   * place of an absent base or index; while an instruction executes, the RIP of the next one; and
   * the RIP at which the block of instructions that runs has begun.
   */
  public final long[] registers;

  /** CF, PF, AF, ZF, SF and OF, which {@link #rflags} includes. */
  public final StatusFlags status = new StatusFlags();

  public long rip;
  public long cr2;

  /** CR8, the task priority, 0 to 15. */
  public long cr8;

  /** DR0 to DR3, then DR6 and DR7 under their own numbers; 4 and 5 are not used. */
  public final long[] debug;

  public long xcr0 = 1;

  /** The shadow-stack pointer of CET. */
  public long ssp;

  /** x87, SSE, AVX and what else XSAVE manages. */
  public final ExtendedState extended;

  /** Selectors, bases, limits (in bytes) and VMCS-format access rights, by {@link Segment}. */
  public final int[] selectors = new int[Segment.COUNT];

  public final long[] bases = new long[Segment.COUNT];
  public final int[] limits = new int[Segment.COUNT];
  public final int[] accessRights = new int[Segment.COUNT];

  public long gdtrBase;
  public int gdtrLimit;
  public long idtrBase;
  public int idtrLimit;

  /** One of {@link ActivityState}. */
  public int activity = ActivityState.ACTIVE;

  /** Bits of {@link Interruptibility}. */
  public int interruptibility;

  /** Pending debug exceptions as the VMCS formats them (Table 24-4). */
  public long pendingDebugExceptions;

  /** RFLAGS without the status flags. */
  private long control = FIXED_1;

  private final Mmu mmu;
  private final PagingState paging;

  CpuState(Mmu mmu, Cpuid cpuid) {
    this.mmu = mmu;
    paging = mmu.paging();
    registers = new long[19];
    extended = new ExtendedState(cpuid);
    debug = new long[8];
    debug[6] = DR6_RESET;
    debug[7] = DR7_RESET;
  }

  /** A state whose general and extended registers are those of another. */
  CpuState(Mmu mmu, CpuState other) {
    this.mmu = mmu;
    paging = mmu.paging();
    registers = other.registers;
    extended = other.extended;
    debug = other.debug.clone();
  }

  /**
   * Takes over the registers of another but for the extended ones, unchecked; nothing is
   * invalidated.
   */
  public void copyFrom(CpuState other) {
    System.arraycopy(other.registers, 0, registers, 0, registers.length);
    System.arraycopy(other.debug, 0, debug, 0, debug.length);
    System.arraycopy(other.selectors, 0, selectors, 0, selectors.length);
    System.arraycopy(other.bases, 0, bases, 0, bases.length);
    System.arraycopy(other.limits, 0, limits, 0, limits.length);
    System.arraycopy(other.accessRights, 0, accessRights, 0, accessRights.length);
    setRflags(other.rflags());
    rip = other.rip;
    cr2 = other.cr2;
    xcr0 = other.xcr0;
    gdtrBase = other.gdtrBase;
    gdtrLimit = other.gdtrLimit;
    idtrBase = other.idtrBase;
    idtrLimit = other.idtrLimit;
    activity = other.activity;
    interruptibility = other.interruptibility;
    pendingDebugExceptions = other.pendingDebugExceptions;
    paging.setControlRegisters(other.cr0(), other.cr3(), other.cr4(), other.efer());
    paging.setPkru(other.paging.pkru());
  }

  /**
   * Puts the processor where a 64-bit boot loader leaves it: flat segments, CPL 0, interrupts off,
   * SSE and VMX permitted, 4-level paging through {@code cr3}.
   */
  public void startIn64BitMode(long cr3) {
    setControlRegisters(
        CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
        cr3,
        CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_VMXE,
        EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
    mmu.contextChanged();
    setRflags(FIXED_1);
    for (int i = 0; i < Segment.COUNT; i++) {
      loadSegment(Segment.of(i), 0x10, 0, -1, Segment.FLAT_DATA);
    }
    loadSegment(Segment.CS, 0x08, 0, -1, Segment.FLAT_CODE | Segment.LONG);
    loadSegment(Segment.LDTR, 0, 0, 0, Segment.UNUSABLE);
    loadSegment(Segment.TR, 0x18, 0, 0x67, Segment.BUSY_TSS);
  }

  /** Loads all parts of a segment register, unchecked. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public void loadSegment(Segment segment, int selector, long base, int limit, int accessRights) {
    int i = segment.ordinal();
    selectors[i] = selector;
    bases[i] = base;
    limits[i] = limit;
    this.accessRights[i] = accessRights;
  }

  /** The access rights of one segment register. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public int accessRights(Segment segment) {
    return accessRights[segment.ordinal()];
  }

  /** The selector of a segment register. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public int selector(Segment segment) {
    return selectors[segment.ordinal()];
  }

  /** The base address of one segment register. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public long base(Segment segment) {
    return bases[segment.ordinal()];
  }

  /** Sets the base address of one segment register, unchecked. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public void setBase(Segment segment, long base) {
    bases[segment.ordinal()] = base;
  }

  /** The current privilege level, 0 to 3: SS.DPL, as VM transitions define it. */
  public int cpl() {
    return accessRights[2] >>> 5 & 3;
  }

  /** Sets the current privilege level, as a far transfer through new CS and SS would. */
  public void setCpl(int cpl) {
    setDpl(Segment.SS, cpl);
    setDpl(Segment.CS, cpl);
  }

  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private void setDpl(Segment segment, int dpl) {
    int i = segment.ordinal();
    accessRights[i] = (accessRights[i] & ~(3 << 5)) | dpl << 5;
    selectors[i] = (selectors[i] & ~3) | dpl;
  }

  /** The size of addresses in the code that runs: 8 bytes in 64-bit mode, else 4 or 2. */
  public int codeSize() {
    return in64BitMode() ? 8 : (accessRights(Segment.CS) & Segment.DEFAULT_BIG) != 0 ? 4 : 2;
  }

  /** Sets it, as a far transfer through a new CS would. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public void setCodeSize(int bytes) {
    int rights = accessRights(Segment.CS) & ~(Segment.LONG | Segment.DEFAULT_BIG);
    int size = bytes == 8 ? Segment.LONG : bytes == 4 ? Segment.DEFAULT_BIG : 0;
    accessRights[Segment.CS.ordinal()] = rights | size;
  }

  /** A general register by number. */
  public long register(int number) {
    return registers[number];
  }

  /** Sets a general register by number. */
  public void setRegister(int number, long value) {
    registers[number] = value;
  }

  /** EDX:EAX, the 64-bit operand of WRMSR and XSETBV. */
  public long edxEax() {
    return registers[RDX] << 32 | (registers[RAX] & 0xffffffffL);
  }

  /** Sets EDX:EAX, clearing the upper halves of RDX and RAX. */
  public void setEdxEax(long value) {
    registers[RAX] = value & 0xffffffffL;
    registers[RDX] = value >>> 32;
  }

  /** RFLAGS. */
  public long rflags() {
    return control | status.bits();
  }

  /** RFLAGS with 0 for the status flags, which takes no time to compute. */
  public long controlFlags() {
    return control;
  }

  /** Sets RFLAGS, unchecked; bit 1 stays 1. */
  public void setRflags(long value) {
    long changed = control ^ value;
    control = (value & ~StatusFlags.MASK) | FIXED_1;
    status.set(value);
    if ((changed & AC) != 0) {
      paging.setRflagsAc((value & AC) != 0);
      mmu.rightsChanged();
    }
  }

  /** CR0. */
  public long cr0() {
    return paging.cr0();
  }

  /** Sets CR0, unchecked, and invalidates nothing. */
  public void setCr0(long value) {
    paging.setCr0(value);
    mmu.contextChanged();
  }

  /** CR3. */
  public long cr3() {
    return paging.cr3();
  }

  /** Sets CR3, unchecked, and invalidates nothing. */
  public void setCr3(long value) {
    paging.setCr3(value);
    mmu.contextChanged();
  }

  /** CR4. */
  public long cr4() {
    return paging.cr4();
  }

  /** Sets CR4, unchecked, and invalidates nothing. */
  public void setCr4(long value) {
    paging.setCr4(value);
    mmu.contextChanged();
  }

  /** IA32_EFER. */
  public long efer() {
    return paging.efer();
  }

  /** Sets IA32_EFER, unchecked, and invalidates nothing. */
  public void setEfer(long value) {
    paging.setEfer(value);
    mmu.contextChanged();
  }

  /**
   * Sets CR0, CR3, CR4 and IA32_EFER together, unchecked, for a VM transition, which tells the MMU
   * of its new context itself.
   */
  void setControlRegisters(long cr0, long cr3, long cr4, long efer) {
    paging.setControlRegisters(cr0, cr3, cr4, efer);
  }

  /** XINUSE: the state components that are not in their initial configuration. */
  public long xinuse() {
    return extended.inUse() | (paging.pkru() != 0 ? 1L << ExtendedState.PKRU : 0);
  }

  /** The registers that address translation reads. */
  public PagingState paging() {
    return paging;
  }

  /** Whether IA32_EFER.LMA is 1. */
  public boolean inIa32eMode() {
    return (efer() & EFER_LMA) != 0;
  }

  /** Whether FRED transitions are enabled (volume 3, chapter 8, June 2026). */
  public boolean usesFred() {
    return (cr4() & CR4_FRED) != 0 && inIa32eMode();
  }

  /** Whether the processor is in 64-bit mode: IA-32e mode with CS.L = 1. */
  public boolean in64BitMode() {
    return inIa32eMode() && (accessRights(Segment.CS) & Segment.LONG) != 0;
  }

  /** Whether paging is on in PAE format, with its entries in the PDPTE registers. */
  public boolean usesPaePaging() {
    return (cr0() & CR0_PG) != 0 && (cr4() & CR4_PAE) != 0 && !inIa32eMode();
  }
}
