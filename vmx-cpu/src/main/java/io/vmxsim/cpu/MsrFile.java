package io.vmxsim.cpu;

import io.vmxsim.vmcs.VmxCapabilities;

/**
 * The values of the model-specific registers, with RDMSR's and WRMSR's own checks. Privilege and VM
 * exits come before and are not its business.
 *
 * <p>An MSR that is a view of another register has no value of its own: EFER, PAT, FS.base,
 * GS.base, the TPR, the time-stamp counter.
 */
public final class MsrFile {
  /** IA32_VMX_BASIC, the first of the VMX capability MSRs ("VMX Capability Reporting Facility"). */
  private static final int FIRST_VMX_CAPABILITY = 0x480;

  private static final int LAST_VMX_CAPABILITY = 0x493;

  /** The BSP's APIC at its default base, enabled, in x2APIC mode. */
  private static final long APIC_BASE_X2APIC = 0xfee00d00L;

  /** IA32_FEATURE_CONTROL: locked, VMX permitted outside SMX. */
  private static final long FEATURE_CONTROL_LOCKED_VMX = 0x5;

  private static final long EFER_WRITABLE =
      CpuState.EFER_SCE | CpuState.EFER_LME | CpuState.EFER_NXE | CpuState.EFER_LMA;

  private static final int UINV_SHIFT = 32;

  private final Processor processor;
  private final CpuState state;
  private final VmxCapabilities capabilities;
  private final long[] values = new long[Msr.values().length];
  private long timeStampOffset;
  private long value;

  MsrFile(Processor processor) {
    this.processor = processor;
    state = processor.state();
    capabilities = processor.profile().vmxCapabilities();
    set(Msr.IA32_APIC_BASE, APIC_BASE_X2APIC);
    set(Msr.IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED_VMX);
  }

  /**
   * Reads an MSR as RDMSR at CPL 0 does.
   *
   * @return false where RDMSR gets #GP(0), true if {@link #value} now holds the MSR
   */
  public boolean read(int address) {
    if (address >= FIRST_VMX_CAPABILITY && address <= LAST_VMX_CAPABILITY) {
      if (!capabilities.hasMsr(address)) {
        return false;
      }
      value = capabilities.msr(address);
      return true;
    }
    Msr msr = Msr.ofAddress(address);
    if (msr == null || msr == Msr.IA32_X2APIC_EOI) {
      return false;
    }
    value = get(msr);
    return true;
  }

  /** What the last successful {@link #read} read. */
  public long value() {
    return value;
  }

  /**
   * Writes an MSR as WRMSR at CPL 0 does.
   *
   * @return false where WRMSR gets #GP(0) and nothing changed
   */
  public boolean write(int address, long newValue) {
    Msr msr = Msr.ofAddress(address);
    if (msr == null || !accepts(msr, newValue)) {
      return false;
    }
    if (msr == Msr.IA32_EFER) {
      return writeEfer(newValue);
    }
    set(msr, newValue);
    return true;
  }

  /** The value of a modelled MSR. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public long get(Msr msr) {
    return switch (msr) {
      case IA32_EFER -> state.efer();
      case IA32_PAT -> state.paging().pat();
      case IA32_PKRS -> state.paging().pkrs() & 0xffffffffL;
      case IA32_FS_BASE -> state.base(Segment.FS);
      case IA32_GS_BASE -> state.base(Segment.GS);
      case IA32_X2APIC_TPR -> state.cr8 << 4;
      case IA32_TIME_STAMP_COUNTER -> timeStampCounter();
      default -> values[msr.ordinal()];
    };
  }

  /** Sets a modelled MSR without WRMSR's checks, as VM transitions and loaders do. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public void set(Msr msr, long newValue) {
    switch (msr) {
      case IA32_EFER -> state.setEfer(newValue);
      case IA32_PAT -> state.paging().setPat(newValue);
      case IA32_PKRS -> {
        state.paging().setPkrs((int) newValue);
        processor.mmu().rightsChanged();
      }
      case IA32_FS_BASE -> state.setBase(Segment.FS, newValue);
      case IA32_GS_BASE -> state.setBase(Segment.GS, newValue);
      case IA32_X2APIC_TPR -> state.cr8 = newValue >>> 4;
      case IA32_TIME_STAMP_COUNTER -> timeStampOffset = newValue - processor.now();
      default -> values[msr.ordinal()] = newValue;
    }
  }

  /** The user-interrupt notification vector, bits 39:32 of IA32_UINTR_MISC. */
  int uinv() {
    return (int) (get(Msr.IA32_UINTR_MISC) >>> UINV_SHIFT) & 0xff;
  }

  /** Sets the user-interrupt notification vector. */
  void setUinv(int vector) {
    long others = get(Msr.IA32_UINTR_MISC) & ~(0xffL << UINV_SHIFT);
    set(Msr.IA32_UINTR_MISC, others | (vector & 0xffL) << UINV_SHIFT);
  }

  /** The time-stamp counter, which runs at one per core cycle. */
  public long timeStampCounter() {
    return processor.now() + timeStampOffset;
  }

  private boolean accepts(Msr msr, long newValue) {
    return switch (msr.accepts()) {
      case ANY -> true;
      case NOTHING -> false;
      case ZERO -> newValue == 0;
      case LOW_8 -> newValue >>> 8 == 0;
      case LOW_32 -> newValue >>> 32 == 0;
      case CANONICAL -> processor.isCanonical(newValue);
      case MEMORY_TYPES -> areMemoryTypes(newValue);
      case EFER_BITS -> (newValue & ~EFER_WRITABLE) == 0;
      case SUPERVISOR_COMPONENTS -> (newValue & ~processor.xsaveLayout().supervisor()) == 0;
      case UNTIL_LOCKED -> (get(msr) & 1) == 0;
    };
  }

  /** Whether each byte is a memory type that IA32_PAT can hold: 0, 1, 4, 5, 6 or 7. */
  private static boolean areMemoryTypes(long pat) {
    for (int i = 0; i < Long.SIZE; i += Byte.SIZE) {
      int type = (int) (pat >>> i) & 0xff;
      if (type > 7 || type == 2 || type == 3) {
        return false;
      }
    }
    return true;
  }

  /** LME cannot change while paging is on, and LMA is not software's to write. */
  private boolean writeEfer(long newValue) {
    long old = state.efer();
    boolean paging = (state.cr0() & CpuState.CR0_PG) != 0;
    if (paging && ((old ^ newValue) & CpuState.EFER_LME) != 0) {
      return false;
    }
    state.setEfer((newValue & ~CpuState.EFER_LMA) | (old & CpuState.EFER_LMA));
    return true;
  }
}
