package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.EventDelivery.BREAKPOINT;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;
import static io.vmxsim.cpu.EventDelivery.INVALID_OPCODE;
import static io.vmxsim.cpu.EventDelivery.OVERFLOW;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
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
  private final ControlRegisters controlRegisters;
  private final IoInstructions io;
  private final MsrInstructions msrs;
  private final TimeStamp timeStamp;
  private final CpuidInstruction cpuidInstruction;
  private final int[] cpuid = new int[4];
  private long information;
  private long displacement;
  private boolean monitoring;
  private long random;

  SensitiveInstructions(Processor processor) {
    this.processor = processor;
    state = processor.state();
    intercepts = processor.intercepts();
    controlRegisters = new ControlRegisters(processor);
    io = new IoInstructions(processor);
    timeStamp = new TimeStamp(processor);
    msrs = new MsrInstructions(processor, timeStamp);
    cpuidInstruction = new CpuidInstruction(processor.profile(), processor.xsaveLayout());
    seed(0);
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
    information = newInformation;
    displacement = newDisplacement;
  }

  // ---- The order of checks -------------------------------------------------------------------

  /**
   * The faults above VM exits and the exit of an instruction whose memory operand is read or
   * written after them; {@link #operands} has been told of it.
   */
  public StepOutcome admit(Intercept row, int length) {
    return admit(row, displacement, length);
  }

  /** Faults above exits, then the exit: DONE if the instruction may go on. */
  private StepOutcome admit(Intercept row, long qualification, int length) {
    if (!exists(row)) {
      return raise(INVALID_OPCODE);
    }
    if (!privileged(row.privilege())) {
      boolean invalid = row.privilege() == Intercept.Privilege.SYSTEM_ELSE_INVALID;
      return raise(invalid ? INVALID_OPCODE : GENERAL_PROTECTION);
    }
    if (intercepts.exits(row)) {
      long reported = information;
      operands(0, 0);
      return processor.vmExit().instruction(row.reason(), qualification, length, reported);
    }
    return StepOutcome.DONE;
  }

  private boolean exists(Intercept row) {
    CpuidFeature feature = row.feature();
    return intercepts.isEnabled(row)
        && (feature == null || processor.profile().cpuid().has(feature));
  }

  private boolean privileged(Intercept.Privilege privilege) {
    return state.cpl() == 0
        || switch (privilege) {
          case ANY -> true;
          case SYSTEM, SYSTEM_ELSE_INVALID -> false;
          case TIME_STAMP -> (state.cr4() & CpuState.CR4_TSD) == 0;
          case PERFORMANCE_COUNTERS -> (state.cr4() & CpuState.CR4_PCE) != 0;
          case UMIP -> (state.cr4() & CpuState.CR4_UMIP) == 0;
        };
  }

  private StepOutcome raise(int vector) {
    return processor.raise(vector, 0, 0);
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private StepOutcome done(InstructionClass instructionClass) {
    processor.retire(instructionClass.ordinal());
    return StepOutcome.DONE;
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
    long reported = information;
    long qualification = displacement;
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

  /** HLT. */
  public StepOutcome hlt(int length) {
    StepOutcome admitted = admit(Intercept.HLT, 0, length);
    if (admitted == StepOutcome.DONE) {
      done(InstructionClass.HLT);
      state.activity = ActivityState.HLT;
    }
    return admitted;
  }

  /** INVLPG of a linear address. */
  public StepOutcome invlpg(long address, int length) {
    StepOutcome admitted = admit(Intercept.INVLPG, address, length);
    if (admitted == StepOutcome.DONE) {
      processor.mmu().invlpg(address);
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
    StepOutcome admitted = admit(Intercept.INVPCID, displacement, length);
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
    processor.mmu().invpcid((int) type, (int) pcid, address);
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

  /** PAUSE, with PAUSE-loop exiting. */
  public StepOutcome pause(int length) {
    boolean exits =
        intercepts.on(PrimaryControl.PAUSE_EXITING)
            || (state.cpl() == 0 && timeStamp.pauseLoopTooLong());
    if (exits) {
      return processor.vmExit().instruction(ExitReason.PAUSE_INSTRUCTION, 0, length, 0);
    }
    return done(InstructionClass.PAUSE);
  }

  /** MONITOR of the line at a linear address: a load as far as faults go. */
  public StepOutcome monitor(long address, int length) {
    StepOutcome admitted = admit(Intercept.MONITOR, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if ((int) state.register(RCX) != 0) {
      return raise(GENERAL_PROTECTION);
    }
    StepOutcome load = processor.access(address, 1, Access.READ);
    if (load != StepOutcome.DONE) {
      return load;
    }
    monitoring = true;
    return done(InstructionClass.MONITOR);
  }

  /** VM entries and VM exits clear address-range monitoring (26.3.3, 27.5.6). */
  void clearMonitoring() {
    monitoring = false;
  }

  /** MWAIT; every wait ends at once, as the architecture permits. */
  public StepOutcome mwait(int length) {
    StepOutcome admitted = admit(Intercept.MWAIT, monitoring ? 1 : 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if ((int) state.register(RCX) >>> 1 != 0) {
      return raise(GENERAL_PROTECTION); // only "interrupts end it though masked" is there
    }
    monitoring = false;
    return done(Intercept.MWAIT.instructionClass());
  }

  /** Whether UMONITOR, UMWAIT and TPAUSE are there; if not, they get #UD. */
  public boolean waits() {
    return intercepts.isEnabled(Intercept.TPAUSE);
  }

  /**
   * UMWAIT or TPAUSE; every wait ends at once, as the architecture permits.
   *
   * @param row which of the two; {@link #operands} has been told of its operand
   * @param source the register operand, of which bits 31:1 must be 0
   */
  public StepOutcome userWait(Intercept row, int source, int length) {
    StepOutcome admitted = admit(row, 0, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if (source >>> 1 != 0) {
      return raise(GENERAL_PROTECTION);
    }
    state.status.set(0);
    return done(row.instructionClass());
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

  // ---- MSRs, I/O, control and debug registers, software interrupts ----------------------------

  /** RDMSR: number in ECX, value into EDX:EAX. */
  public StepOutcome rdmsr(int length) {
    return msrs.rdmsr(length);
  }

  /** WRMSR: number in ECX, value in EDX:EAX. */
  public StepOutcome wrmsr(int length) {
    return msrs.wrmsr(length);
  }

  /** RDMSRLIST before it looks at its lists. */
  public StepOutcome admitRdmsrlist(int length) {
    return msrs.admitList(ExitReason.RDMSRLIST, length);
  }

  /** WRMSRLIST before it looks at its lists. */
  public StepOutcome admitWrmsrlist(int length) {
    return msrs.admitList(ExitReason.WRMSRLIST, length);
  }

  /**
   * RDMSRLIST reads one MSR, which is then {@link #listedValue}.
   *
   * @param number the element of the list of addresses
   */
  public StepOutcome readListed(long number, int length) {
    return msrs.readListed(number, length);
  }

  /** What {@link #readListed} has read. */
  public long listedValue() {
    return msrs.value();
  }

  /** WRMSRLIST writes one MSR. */
  public StepOutcome writeListed(long number, long value, int length) {
    return msrs.writeListed(number, value, length);
  }

  /** IN or OUT with the port in the instruction, as {@code form} says. */
  public StepOutcome immediateIo(int port, int size, long form, int length) {
    return io.access(port, size, form | ExitQualification.Io.IMMEDIATE, length);
  }

  /**
   * The permission check and the VM exit of one iteration of INS or OUTS; {@link #operands} has
   * been told of it.
   *
   * @param linear the linear address of its operand, which the exit records
   */
  public StepOutcome admitStringIo(int port, int size, long form, long linear, int length) {
    if (processor.inNonRoot()) {
      processor.controlling().set(VmcsField.GUEST_LINEAR_ADDRESS, linear);
    }
    return io.admit(port, size, form | ExitQualification.Io.STRING, length, information);
  }

  /** What one iteration of INS reads. */
  public int input(int port, int size) {
    return io.input(port, size);
  }

  /** What one iteration of OUTS writes. */
  public void output(int port, int size, int value) {
    io.output(port, size, value);
  }

  /** IN of {@code size} bytes into AL, AX or EAX. */
  public StepOutcome in(int port, int size, int length) {
    return io.access(port, size, ExitQualification.Io.IN, length);
  }

  /** OUT of {@code size} bytes from AL, AX or EAX. */
  public StepOutcome out(int port, int size, int length) {
    return io.access(port, size, 0, length);
  }

  /**
   * MOV to CR0, CR3, CR4 or CR8.
   *
   * @param gpr the general register of the source, which the VM exit reports
   */
  public StepOutcome movToCr(int cr, long value, int gpr, int length) {
    return controlRegisters.movTo(cr, value, gpr, length);
  }

  /** CR3 of a new task. */
  public StepOutcome loadTaskCr3(long value) {
    return controlRegisters.setCr3(value);
  }

  /** MOV from CR0, CR2, CR3, CR4 or CR8 into a general register. */
  public StepOutcome movFromCr(int cr, int gpr, int length) {
    return controlRegisters.movFrom(cr, gpr, length);
  }

  /** CLTS. */
  public StepOutcome clts(int length) {
    return controlRegisters.clts(length);
  }

  /** LMSW of a register's value. */
  public StepOutcome lmsw(long source, int length) {
    return controlRegisters.lmsw(source, length);
  }

  /** MOV to DR0 to DR7. */
  public StepOutcome movToDr(int dr, long value, int gpr, int length) {
    StepOutcome admitted = admitMovDr(dr, false, gpr, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if (dr >= 4 && value >>> 32 != 0) {
      return raise(GENERAL_PROTECTION);
    }
    int number = alias(dr);
    state.debug[number] =
        number == 6 ? DebugRegisters.dr6(value) : number == 7 ? DebugRegisters.dr7(value) : value;
    return done(InstructionClass.MOV_DR);
  }

  /** MOV from DR0 to DR7 into a general register. */
  public StepOutcome movFromDr(int dr, int gpr, int length) {
    StepOutcome admitted = admitMovDr(dr, true, gpr, length);
    if (admitted == StepOutcome.DONE) {
      state.setRegister(gpr, state.debug[alias(dr)]);
      done(InstructionClass.MOV_DR);
    }
    return admitted;
  }

  /** MOV DR alone exits before its privilege check and before #UD for DR4 and DR5 (25.1.3). */
  private StepOutcome admitMovDr(int dr, boolean from, int gpr, int length) {
    if (intercepts.on(PrimaryControl.MOV_DR_EXITING)) {
      long qualification = ExitQualification.MovDr.encode(dr, from, gpr);
      return processor.vmExit().instruction(ExitReason.DR_ACCESS, qualification, length, 0);
    }
    if ((dr == 4 || dr == 5) && (state.cr4() & CpuState.CR4_DE) != 0) {
      return raise(INVALID_OPCODE);
    }
    if (state.cpl() > 0) {
      return raise(GENERAL_PROTECTION);
    }
    if (processor.debug().detectsAccess()) {
      state.setRflags(state.rflags() | CpuState.RF); // a fault
      return processor.raise(EventDelivery.DEBUG, 0, DebugRegisters.BD);
    }
    return StepOutcome.DONE;
  }

  private static int alias(int dr) {
    return dr == 4 || dr == 5 ? dr + 2 : dr;
  }

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
