package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * The values of the model-specific registers, with RDMSR's and WRMSR's own checks. Privilege and VM
 * exits come before and are not its business.
 *
 * <p>An MSR that is a view of another register has no value of its own: EFER, PAT, FS.base,
 * GS.base, the time-stamp counter, and what belongs to the local APIC.
 */
public final class MsrFile {
  /** IA32_VMX_BASIC, the first of the VMX capability MSRs ("VMX Capability Reporting Facility"). */
  private static final long FRED_CONFIG_RESERVED = 1 << 2 | 3 << 4 | 1 << 11;

  private static final int FIRST_VMX_CAPABILITY = 0x480;

  private static final int LAST_VMX_CAPABILITY = 0x493;

  /** The MSRs of the local APIC in x2APIC mode ("x2APIC Register Address Space", 10.12.1.2). */
  private static final int FIRST_X2APIC = 0x800;

  private static final int LAST_X2APIC = 0xbff;

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
  private final Cpuid cpuid;
  private final long[] values = new long[Msr.values().length];
  private final long[] arrayValues = new long[MsrArray.places()];

  /** How far the time-stamp counter is ahead of time: IA32_TSC_ADJUST (17.15.3). */
  private long timeStampAdjust;

  private long value;

  MsrFile(Processor processor) {
    this.processor = processor;
    state = processor.state();
    capabilities = processor.profile().vmxCapabilities();
    cpuid = processor.profile().cpuid();
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
    LocalApic apic = processor.localApic();
    if (apic != null && isX2apic(address)) {
      boolean readable = apic.registers().readMsr(address - FIRST_X2APIC);
      value = apic.registers().value();
      return readable;
    }
    MsrArray row = MsrArray.at(address, cpuid);
    if (row != null) {
      value = arrayValues[row.place(address)];
      return true;
    }
    Msr msr = Msr.ofAddress(address);
    if (msr == null && isX2apic(address)) { // a trace's, in which there is no APIC to answer
      value = 0;
      return true;
    }
    if (msr == null || !msr.isReadable() || !msr.existsOn(cpuid)) {
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
    LocalApic apic = processor.localApic();
    if (apic != null && isX2apic(address)) {
      return apic.registers().writeMsr(address - FIRST_X2APIC, newValue);
    }
    MsrArray row = MsrArray.at(address, cpuid);
    if (row != null) {
      arrayValues[row.place(address)] = newValue;
      return true;
    }
    Msr msr = Msr.ofAddress(address);
    if (msr == null && isX2apic(address)) {
      return true;
    }
    if (msr == null || !msr.existsOn(cpuid) || !accepts(msr, newValue)) {
      return false;
    }
    if (msr == Msr.IA32_EFER) {
      return writeEfer(newValue);
    }
    if (apic != null && msr == Msr.IA32_APIC_BASE) {
      return apic.writeApicBase(newValue);
    }
    set(msr, newValue);
    return true;
  }

  private static boolean isX2apic(int address) {
    return address >= FIRST_X2APIC && address <= LAST_X2APIC;
  }

  /** The value of a modelled MSR. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public long get(Msr msr) {
    LocalApic apic = processor.localApic();
    if (apic != null && msr == Msr.IA32_APIC_BASE) {
      return apic.apicBase();
    }
    if (apic != null && msr == Msr.IA32_TSC_DEADLINE) {
      return apic.tscDeadline();
    }
    return switch (msr) {
      case IA32_EFER -> state.efer();
      case IA32_PAT -> state.paging().pat();
      case IA32_PKRS -> state.paging().pkrs() & 0xffffffffL;
      case IA32_FS_BASE -> state.base(Segment.FS);
      case IA32_GS_BASE -> state.base(Segment.GS);
      case IA32_X2APIC_TPR -> state.cr8 << 4;
      case IA32_TIME_STAMP_COUNTER -> timeStampCounter();
      case IA32_TSC_ADJUST -> timeStampAdjust;
      default -> values[msr.ordinal()];
    };
  }

  /** Sets a modelled MSR without WRMSR's checks, as VM transitions and loaders do. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  public void set(Msr msr, long newValue) {
    LocalApic apic = processor.localApic();
    if (apic != null && msr == Msr.IA32_TSC_DEADLINE) {
      apic.setTscDeadline(newValue);
      return;
    }
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
      case IA32_TIME_STAMP_COUNTER -> adjustTimeStamp(newValue - processor.now());
      case IA32_TSC_ADJUST -> adjustTimeStamp(newValue);
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

  /** A write to either register adds the same to both (17.15.3). */
  private void adjustTimeStamp(long adjust) {
    timeStampAdjust = adjust;
    LocalApic apic = processor.localApic();
    if (apic != null) {
      apic.timeStampChanged();
    }
  }

  /** The time-stamp counter, which runs at one per core cycle. */
  public long timeStampCounter() {
    return processor.now() + timeStampAdjust;
  }

  private boolean accepts(Msr msr, long newValue) {
    return switch (msr.accepts()) {
      case ANY -> true;
      case NOTHING -> false;
      case END -> newValue == 0;
      case COMMAND -> newValue >>> 1 == 0;
      case LOW_8 -> newValue >>> 8 == 0;
      case LOW_32 -> newValue >>> 32 == 0;
      case CANONICAL -> processor.isCanonical(newValue);
      case ALIGNED_8 -> processor.isCanonical(newValue) && (newValue & 7) == 0;
      case ALIGNED_64 -> processor.isCanonical(newValue) && (newValue & 63) == 0;
      case UMWAIT_BITS -> newValue >>> 32 == 0 && (newValue & 2) == 0;
      case FRED_CONFIG_BITS ->
          processor.isCanonical(newValue) && (newValue & FRED_CONFIG_RESERVED) == 0;
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
