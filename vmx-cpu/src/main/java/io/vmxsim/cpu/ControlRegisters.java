package io.vmxsim.cpu;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * MOV to and from control registers, CLTS and LMSW: "MOV—Move to/from Control Registers" (volume
 * 2), intercepted and changed as 25.1.3 and 25.3 say. All need CPL 0, which ranks above VM exits.
 */
public final class ControlRegisters {
  /** CR4 bits whose change under PAE paging loads the PDPTE registers (4.4.1). */
  private static final long CR4_LOADS_PDPTES =
      PagingState.CR4_PAE | PagingState.CR4_PGE | PagingState.CR4_PSE | PagingState.CR4_SMEP;

  private static final long CR0_DEFINED = 0xe005003fL;
  private static final long CR3_NO_FLUSH = 1L << 63;

  private static final long CR3_LAM = CpuState.CR3_LAM_U48 | CpuState.CR3_LAM_U57;

  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final VmxCapabilities capabilities;
  private final Mmu mmu;

  ControlRegisters(Processor processor) {
    this.processor = processor;
    state = processor.state();
    intercepts = processor.intercepts();
    capabilities = processor.profile().vmxCapabilities();
    mmu = processor.mmu();
  }

  /**
   * MOV to CR0, CR2, CR3, CR4 or CR8; any other is #UD.
   *
   * @param gpr the general register of the source, which the VM exit reports
   */
  public StepOutcome movTo(int cr, long value, int gpr, int length) {
    if (state.cpl() > 0) {
      return generalProtection();
    }
    boolean exits =
        switch (cr) {
          case 0 -> intercepts.movToCr0(value);
          case 3 -> intercepts.movToCr3(value);
          case 4 -> intercepts.movToCr4(value);
          case 8 -> intercepts.on(PrimaryControl.CR8_LOAD_EXITING);
          default -> false;
        };
    if (exits) {
      return exit(ExitQualification.CrAccess.movToCr(cr, gpr), length);
    }
    return switch (cr) {
      case 0 -> loadCr0(intercepts.effectiveCr0(value, state.cr0()));
      case 2 -> {
        state.cr2 = value;
        yield done(InstructionClass.MOV_TO_CR0);
      }
      case 3 -> loadCr3(value);
      case 4 -> loadCr4(intercepts.effectiveCr4(value, state.cr4()));
      case 8 -> loadCr8(value, length);
      default -> processor.raise(EventDelivery.INVALID_OPCODE, 0, 0);
    };
  }

  /** MOV from CR0, CR2, CR3, CR4 or CR8 into a general register; any other is #UD. */
  public StepOutcome movFrom(int cr, int gpr, int length) {
    if (state.cpl() > 0) {
      return generalProtection();
    }
    boolean exits =
        (cr == 3 && intercepts.on(PrimaryControl.CR3_STORE_EXITING))
            || (cr == 8 && intercepts.on(PrimaryControl.CR8_STORE_EXITING));
    if (exits) {
      return exit(ExitQualification.CrAccess.movFromCr(cr, gpr), length);
    }
    switch (cr) {
      case 0 -> state.setRegister(gpr, intercepts.readCr0(state.cr0()));
      case 2 -> state.setRegister(gpr, state.cr2);
      case 3 -> state.setRegister(gpr, state.cr3());
      case 4 -> state.setRegister(gpr, intercepts.readCr4(state.cr4()));
      case 8 -> state.setRegister(gpr, readCr8());
      default -> {
        return processor.raise(EventDelivery.INVALID_OPCODE, 0, 0);
      }
    }
    return done(InstructionClass.MOV_FROM_CR);
  }

  /** CLTS. */
  public StepOutcome clts(int length) {
    if (state.cpl() > 0) {
      return generalProtection();
    }
    if (intercepts.clts()) {
      return exit(ExitQualification.CrAccess.clts(), length);
    }
    return loadCr0(intercepts.effectiveCr0(state.cr0() & ~CpuState.CR0_TS, state.cr0()));
  }

  /** LMSW of a register's value, which loads CR0[3:0] and never clears PE. */
  public StepOutcome lmsw(long source, int length) {
    if (state.cpl() > 0) {
      return generalProtection();
    }
    if (intercepts.lmsw(source)) {
      return exit(ExitQualification.CrAccess.lmsw((int) source & 0xffff, false), length);
    }
    long cr0 = state.cr0();
    long value = (cr0 & ~0xeL) | (source & 0xf);
    return loadCr0(intercepts.effectiveCr0(value, cr0));
  }

  private StepOutcome exit(long qualification, int length) {
    return processor.vmExit().instruction(ExitReason.CR_ACCESS, qualification, length, 0);
  }

  private StepOutcome generalProtection() {
    return processor.raise(EventDelivery.GENERAL_PROTECTION, 0, 0);
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private StepOutcome done(InstructionClass instructionClass) {
    processor.retire(instructionClass.ordinal());
    return StepOutcome.DONE;
  }

  // ---- CR0 -----------------------------------------------------------------------------------

  private StepOutcome loadCr0(long operand) {
    long value = (operand & ~(0xffffffffL & ~CR0_DEFINED)) | CpuState.CR0_ET;
    if (!isLoadableCr0(value)) {
      return generalProtection();
    }
    boolean paging = (value & CpuState.CR0_PG) != 0;
    boolean pagingChanges = ((value ^ state.cr0()) & CpuState.CR0_PG) != 0;
    long efer = state.efer();
    boolean longMode = paging && (efer & CpuState.EFER_LME) != 0;
    boolean pae = paging && !longMode && (state.cr4() & CpuState.CR4_PAE) != 0;
    long loads = CpuState.CR0_PG | CpuState.CR0_CD | CpuState.CR0_NW;
    if (pae && ((value ^ state.cr0()) & loads) != 0) {
      StepOutcome loaded = loadPdptes(state.cr3());
      if (loaded != StepOutcome.DONE) {
        return loaded;
      }
    }
    if (pagingChanges) {
      state.setEfer(longMode ? efer | CpuState.EFER_LMA : efer & ~CpuState.EFER_LMA);
    }
    mmu.movToCr0(value);
    return done(InstructionClass.MOV_TO_CR0);
  }

  private boolean isLoadableCr0(long value) {
    boolean paging = (value & CpuState.CR0_PG) != 0;
    boolean wasPaging = (state.cr0() & CpuState.CR0_PG) != 0;
    boolean cs64 = (state.accessRights(Segment.CS) & Segment.LONG) != 0;
    long cr4 = state.cr4();
    if (value >>> 32 != 0
        || (paging && (value & CpuState.CR0_PE) == 0)
        || ((value & CpuState.CR0_NW) != 0 && (value & CpuState.CR0_CD) == 0)) {
      return false;
    }
    boolean entersLongMode = paging && !wasPaging && (state.efer() & CpuState.EFER_LME) != 0;
    if (entersLongMode && (cs64 || (cr4 & CpuState.CR4_PAE) == 0)) {
      return false;
    }
    boolean leavesPaging = !paging && wasPaging;
    if (leavesPaging && ((cr4 & CpuState.CR4_PCIDE) != 0 || state.in64BitMode())) {
      return false;
    }
    return !processor.vmx().isOn() || fixedBitsOfCr0Hold(value);
  }

  private boolean fixedBitsOfCr0Hold(long value) {
    boolean unrestricted = intercepts.on(SecondaryControl.UNRESTRICTED_GUEST);
    long exempt = unrestricted ? CpuState.CR0_PE | CpuState.CR0_PG : 0;
    return (~value & capabilities.cr0Fixed1() & ~exempt) == 0
        && (value & ~capabilities.cr0MayBe1() & ~exempt) == 0;
  }

  // ---- CR3 -----------------------------------------------------------------------------------

  private StepOutcome loadCr3(long operand) {
    StepOutcome outcome = setCr3(operand);
    return outcome == StepOutcome.DONE ? done(InstructionClass.MOV_TO_CR3) : outcome;
  }

  /** Loads CR3 with what that invalidates; also a task switch does. */
  public StepOutcome setCr3(long operand) {
    boolean pcids = (state.cr4() & CpuState.CR4_PCIDE) != 0;
    boolean noFlush = pcids && operand < 0;
    long value = noFlush ? operand & ~CR3_NO_FLUSH : operand;
    if ((value & ~CR3_LAM) >>> processor.memory().addressBits() != 0
        || ((value & CR3_LAM) != 0 && !processor.profile().cpuid().has(CpuidFeature.LAM))) {
      return generalProtection();
    }
    if (state.usesPaePaging()) {
      StepOutcome loaded = loadPdptes(value);
      if (loaded != StepOutcome.DONE) {
        return loaded;
      }
    }
    mmu.movToCr3(value, noFlush);
    return StepOutcome.DONE;
  }

  /** Loads the PDPTE registers; under EPT their table is at a guest-physical address. */
  private StepOutcome loadPdptes(long cr3) {
    WalkResult.Status status = mmu.translateGuestPhysical(cr3 & 0xffffffe0L, Access.READ);
    if (status != WalkResult.Status.OK) {
      return processor.memoryAccess().fault(status);
    }
    long table = mmu.physicalAddress();
    return PdpteRegisters.load(processor.memory(), state.paging(), table)
        ? StepOutcome.DONE
        : generalProtection();
  }

  // ---- CR4 -----------------------------------------------------------------------------------

  private StepOutcome loadCr4(long value) {
    if (!isLoadableCr4(value)) {
      return generalProtection();
    }
    boolean pae =
        (state.cr0() & CpuState.CR0_PG) != 0
            && (value & CpuState.CR4_PAE) != 0
            && !state.inIa32eMode();
    if (pae && ((value ^ state.cr4()) & CR4_LOADS_PDPTES) != 0) {
      StepOutcome loaded = loadPdptes(state.cr3());
      if (loaded != StepOutcome.DONE) {
        return loaded;
      }
    }
    mmu.movToCr4(value);
    return done(InstructionClass.MOV_TO_CR4);
  }

  /** A bit that IA32_VMX_CR4_FIXED1 does not allow is one that the processor does not have. */
  private boolean isLoadableCr4(long value) {
    long changes = value ^ state.cr4();
    boolean setsPcide = (changes & value & CpuState.CR4_PCIDE) != 0;
    if ((value & ~capabilities.cr4MayBe1()) != 0
        || (setsPcide && (!state.inIa32eMode() || (state.cr3() & 0xfff) != 0))) {
      return false;
    }
    if (state.inIa32eMode()
        && ((value & CpuState.CR4_PAE) == 0 || (changes & CpuState.CR4_LA57) != 0)) {
      return false;
    }
    return !processor.vmx().isOn() || (capabilities.cr4Fixed1() & ~value) == 0;
  }

  // ---- CR8 -----------------------------------------------------------------------------------

  /** CR8, or with "use TPR shadow" bits 7:4 of VTPR (29.3). */
  private long readCr8() {
    return intercepts.on(PrimaryControl.USE_TPR_SHADOW)
        ? processor.virtualApic().taskPriorityClass()
        : processor.taskPriority();
  }

  private StepOutcome loadCr8(long value, int length) {
    if (value >>> 4 != 0) {
      return generalProtection();
    }
    if (!intercepts.on(PrimaryControl.USE_TPR_SHADOW)) {
      processor.setTaskPriority((int) value);
      return done(InstructionClass.MOV_TO_CR8);
    }
    processor.virtualApic().setTaskPriorityClass((int) value);
    done(InstructionClass.MOV_TO_CR8);
    state.rip += length; // a VM exit is trap-like: the instruction is complete
    StepOutcome outcome = processor.virtualApic().virtualizeTaskPriority();
    if (outcome == StepOutcome.DONE) {
      state.rip -= length;
    }
    return outcome;
  }
}
