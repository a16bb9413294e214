package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.EventDelivery.BREAKPOINT;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;
import static io.vmxsim.cpu.EventDelivery.INVALID_OPCODE;
import static io.vmxsim.cpu.EventDelivery.OVERFLOW;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * The instructions that VMX can intercept, as guest software executes them. Every method keeps one
 * order: the faults that rank above VM exits, the intercept, the remaining faults, the effect, the
 * cost ("Relative Priority of Faults and VM Exits", 25.1.1).
 *
 * <p>Operands in fixed registers are taken from and left in {@link CpuState}. {@code length} is the
 * instruction's length in bytes, 1 to 15. A method that returns DONE has retired the instruction
 * and leaves it to the caller to move RIP past it.
 */
public final class SensitiveInstructions {

  /** Leaves from this on share a bit of the ENCLS-exiting bitmap. */
  private static final long LAST_LEAF = 63;

  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final Admission admission;
  private final ControlRegisters controlRegisters;
  private final DebugRegisterMoves debugRegisters;
  private final IoInstructions io;
  private final MsrInstructions msrs;
  private final WaitInstructions waits;
  private final TimeStamp timeStamp;
  private final CpuidInstruction cpuidInstruction;
  private final int[] cpuid = new int[4];
  private long random;

  SensitiveInstructions(Processor processor) {
    this.processor = processor;
    state = processor.state();
    intercepts = processor.intercepts();
    admission = new Admission(processor);
    controlRegisters = new ControlRegisters(processor);
    debugRegisters = new DebugRegisterMoves(processor, admission);
    io = new IoInstructions(processor, admission);
    timeStamp = new TimeStamp(processor);
    msrs = new MsrInstructions(processor, timeStamp);
    waits = new WaitInstructions(processor, admission, timeStamp);
    cpuidInstruction = new CpuidInstruction(processor.profile(), processor.xsaveLayout());
    seed(0);
  }

  /** MOV to and from control registers, CLTS, LMSW. */
  public ControlRegisters controlRegisters() {
    return controlRegisters;
  }

  /** MOV to and from debug registers. */
  public DebugRegisterMoves debugRegisters() {
    return debugRegisters;
  }

  /** IN, OUT and what INS and OUTS have in common with them. */
  public IoInstructions io() {
    return io;
  }

  /** RDMSR, WRMSR and their lists. */
  public MsrInstructions msrs() {
    return msrs;
  }

  /** HLT, PAUSE, MONITOR, MWAIT, UMWAIT, TPAUSE. */
  public WaitInstructions waits() {
    return waits;
  }

  /** Starts the numbers of RDRAND and RDSEED anew: equal seeds give equal numbers. */
  public void seed(long seed) {
    long mixed = (seed ^ (seed >>> 30)) * 0xbf58476d1ce4e5b9L + 0x9e3779b97f4a7c15L;
    random = mixed == 0 ? 1 : mixed;
  }

  /**
   * What a decoder knows about the next instruction's operands, for the VM exit of an instruction
   * that reports them; forgotten after it.
   *
   * @param newInformation the VM-exit instruction-information field
   * @param newDisplacement the exit qualification of an instruction with a memory operand
   */
  public void operands(long newInformation, long newDisplacement) {
    admission.operands(newInformation, newDisplacement);
  }

  /**
   * The faults above VM exits and the exit of an instruction whose memory operand is read or
   * written after them; {@link #operands} has been told of it.
   */
  public StepOutcome admit(Intercept row, int length) {
    return admit(row, admission.displacement(), length);
  }

  private StepOutcome admit(Intercept row, long qualification, int length) {
    return admission.admit(row, qualification, length);
  }

  private StepOutcome raise(int vector) {
    return admission.raise(vector);
  }

  private StepOutcome done(InstructionClass instructionClass) {
    return admission.done(instructionClass);
  }

  /** An instruction without an effect of its own in this model. */
  private StepOutcome plain(Intercept row, long qualification, int length) {
    StepOutcome admitted = admit(row, qualification, length);
    return admitted == StepOutcome.DONE ? done(row.instructionClass()) : admitted;
  }

  // ---- Unconditional exits (25.1.2) ----------------------------------------------------------

  /** CPUID: leaf in EAX, subleaf in ECX. */
  public StepOutcome cpuid(int length) {
    StepOutcome admitted = admit(Intercept.CPUID, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    cpuidInstruction.query(
        (int) state.register(RAX),
        (int) state.register(RCX),
        state.cr4(),
        state.xcr0,
        processor.msrs().get(Msr.IA32_XSS),
        processor.localApic(),
        cpuid);
    state.setRegister(RAX, Integer.toUnsignedLong(cpuid[0]));
    state.setRegister(RBX, Integer.toUnsignedLong(cpuid[1]));
    state.setRegister(RCX, Integer.toUnsignedLong(cpuid[2]));
    state.setRegister(RDX, Integer.toUnsignedLong(cpuid[3]));
    return done(InstructionClass.CPUID);
  }

  /** INVD; the caches it empties are not modelled. */
  public StepOutcome invd(int length) {
    return plain(Intercept.INVD, 0, length);
  }

  /** XSETBV: XCR number in ECX, value in EDX:EAX. */
  public StepOutcome xsetbv(int length) {
    if ((state.cr4() & CpuState.CR4_OSXSAVE) == 0) {
      return raise(INVALID_OPCODE);
    }
    StepOutcome admitted = admit(Intercept.XSETBV, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    long value = state.edxEax();
    if ((int) state.register(RCX) != 0 || !processor.xsaveLayout().permits(value)) {
      return raise(GENERAL_PROTECTION);
    }
    state.xcr0 = value;
    return done(InstructionClass.XSETBV);
  }

  /**
   * XSAVES or XRSTORS before its operand is accessed: it must be enabled, needs CPL 0, and exits
   * for components in the XSS-exiting bitmap (25.1.3).
   *
   * @param asked EDX:EAX
   */
  public StepOutcome admitXsaves(boolean saves, long asked, int length) {
    if (processor.inNonRoot() && !intercepts.on(SecondaryControl.ENABLE_XSAVES_XRSTORS)) {
      return raise(INVALID_OPCODE);
    }
    if (state.cpl() > 0) {
      return raise(GENERAL_PROTECTION);
    }
    long components = asked & processor.msrs().get(Msr.IA32_XSS);
    if (!intercepts.xss(components)) {
      return StepOutcome.DONE;
    }
    long reported = admission.information();
    long qualification = admission.displacement();
    operands(0, 0);
    ExitReason reason = saves ? ExitReason.XSAVES : ExitReason.XRSTORS;
    return processor.vmExit().instruction(reason, qualification, length, reported);
  }

  /** VMCALL: the guest's call to its VMM. */
  public StepOutcome vmcall(int length) {
    if (!processor.inNonRoot()) {
      return raise(INVALID_OPCODE);
    }
    return admit(Intercept.VMCALL, 0, length);
  }

  // ---- Exits by a single control (25.1.3) ----------------------------------------------------

  /** INVLPG of a linear address. */
  public StepOutcome invlpg(long address, int length) {
    StepOutcome admitted = admit(Intercept.INVLPG, address, length);
    if (admitted == StepOutcome.DONE) {
      processor.mmu().cached().invlpg(address);
      done(InstructionClass.INVLPG);
    }
    return admitted;
  }

  /**
   * INVPCID.
   *
   * @param type the register operand
   * @param pcid bits 63:0 of the descriptor, of which 63:12 must be 0
   * @param address bits 127:64 of the descriptor
   */
  public StepOutcome invpcid(long type, long pcid, long address, int length) {
    StepOutcome admitted = admit(Intercept.INVPCID, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    boolean onePcid = type == 0 || type == 1;
    boolean pcidsOff = (state.cr4() & CpuState.CR4_PCIDE) == 0;
    if (type >>> 2 != 0
        || pcid >>> 12 != 0
        || (onePcid && pcidsOff && pcid != 0)
        || (type == 0 && !processor.isCanonical(address))) {
      return raise(GENERAL_PROTECTION);
    }
    processor.mmu().cached().invpcid((int) type, (int) pcid, address);
    return done(InstructionClass.INVPCID);
  }

  /** RDTSC, into EDX:EAX. */
  public StepOutcome rdtsc(int length) {
    StepOutcome admitted = admit(Intercept.RDTSC, 0, length);
    if (admitted == StepOutcome.DONE) {
      state.setEdxEax(timeStamp.read());
      done(InstructionClass.RDTSC);
    }
    return admitted;
  }

  /** RDTSCP, into EDX:EAX and ECX. */
  public StepOutcome rdtscp(int length) {
    StepOutcome admitted = admit(Intercept.RDTSCP, 0, length);
    if (admitted == StepOutcome.DONE) {
      state.setEdxEax(timeStamp.read());
      state.setRegister(RCX, processor.msrs().get(Msr.IA32_TSC_AUX));
      done(InstructionClass.RDTSC);
    }
    return admitted;
  }

  /** RDPMC; the counters are not modelled and read as 0. */
  public StepOutcome rdpmc(int length) {
    StepOutcome admitted = admit(Intercept.RDPMC, 0, length);
    if (admitted == StepOutcome.DONE) {
      state.setEdxEax(0);
      done(InstructionClass.RDPMC);
    }
    return admitted;
  }

  /** GETSEC, which exits whatever its leaf; CR4.SMXE has been looked at. */
  public StepOutcome getsec(int length) {
    return processor.inNonRoot()
        ? processor.vmExit().instruction(ExitReason.GETSEC, 0, length, 0)
        : StepOutcome.DONE;
  }

  /** ENCLS at CPL 0: its leaf, in EAX, may be in the ENCLS-exiting bitmap. */
  public StepOutcome encls(int length) {
    if (!intercepts.on(SecondaryControl.ENABLE_ENCLS_EXITING)) {
      return StepOutcome.DONE;
    }
    int leaf = (int) Math.min(state.register(RAX) & 0xffffffffL, LAST_LEAF);
    long bitmap = processor.controlling().get(VmcsField.ENCLS_EXITING_BITMAP);
    return (bitmap >>> leaf & 1) != 0
        ? processor.vmExit().instruction(ExitReason.ENCLS, 0, length, 0)
        : StepOutcome.DONE;
  }

  /** WBINVD; the caches it writes back are not modelled. */
  public StepOutcome wbinvd(int length) {
    return plain(Intercept.WBINVD, 0, length);
  }

  /** RDRAND into a register of {@code size} bytes, 2, 4 or 8. */
  public StepOutcome rdrand(int register, int size, int length) {
    return random(Intercept.RDRAND, register, size, length);
  }

  /** RDSEED into a register of {@code size} bytes, 2, 4 or 8. */
  public StepOutcome rdseed(int register, int size, int length) {
    return random(Intercept.RDSEED, register, size, length);
  }

  /** The same numbers in every run: xorshift64, from {@link #seed}. CF says there was a number. */
  private StepOutcome random(Intercept row, int register, int size, int length) {
    StepOutcome admitted = admit(row, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    long mask = size == 8 ? -1 : (1L << (size * Byte.SIZE)) - 1;
    long kept = size == 2 ? state.register(register) & ~mask : 0;
    state.setRegister(register, kept | (random & mask));
    long status = CpuState.OF | CpuState.SF | CpuState.ZF | CpuState.AF | CpuState.PF;
    state.setRflags((state.rflags() & ~status) | CpuState.CF);
    return done(row.instructionClass());
  }

  // ---- Events and the return from them --------------------------------------------------------

  /** INT1, which no privilege is needed for. */
  public StepOutcome int1(int length) {
    return processor
        .events()
        .software(EventDelivery.DEBUG, EventType.PRIVILEGED_SOFTWARE_EXCEPTION, length);
  }

  /** INT3. */
  public StepOutcome int3(int length) {
    return processor.events().software(BREAKPOINT, EventType.SOFTWARE_EXCEPTION, length);
  }

  /** INTO with OF = 1. */
  public StepOutcome into(int length) {
    return processor.events().software(OVERFLOW, EventType.SOFTWARE_EXCEPTION, length);
  }

  /** INT n; the descriptor's privilege is the executor's to check. */
  public StepOutcome intN(int vector, int length) {
    return processor.events().software(vector, EventType.SOFTWARE_INTERRUPT, length);
  }

  /** IRET, before anything of it can fault: the end of blocking by NMI (26.6.1). */
  public void iretBegins() {
    processor.pending().iretBegins();
  }

  /** SYSCALL (1) and SYSENTER (2) while FRED delivers them as events. */
  public StepOutcome systemCall(int number, int length) {
    return processor.events().systemCall(number, length);
  }

  /**
   * ERETS or ERETU that has completed: its cost.
   *
   * @param unblocksNmi whether it ends blocking by NMI
   * @param stepped whether a single-step trap is pending behind it
   */
  public void eventReturn(boolean unblocksNmi, boolean stepped) {
    if (unblocksNmi) {
      processor.pending().iretBegins();
      processor.pending().iretEnds();
    }
    if (stepped) {
      processor.debug().completed(true);
    }
    processor.cycles().guest += processor.costs().of(Cost.IRET);
  }

  /** IRET that has completed: its cost; the return is the caller's. */
  public StepOutcome iret() {
    processor.pending().iretEnds();
    processor.cycles().guest += processor.costs().of(Cost.IRET);
    return StepOutcome.DONE;
  }
}
