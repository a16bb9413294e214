package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Intercept;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.SensitiveInstructions;
import io.vmxsim.cpu.StepOutcome;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InstructionInformation;
import io.vmxsim.vmcs.SecondaryControl;
import java.util.Locale;

/**
 * System instructions ("System Instructions", volume 1, 5.20): operands found, the rest by {@link
 * SensitiveInstructions}, which every guest side shares.
 */
final class SystemOperations {
  private static final long CR4_FSGSBASE = 1 << 16;

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final DescriptorTableOperations tables;
  private final Progress progress;
  private final Faults faults;
  private final SensitiveInstructions sensitive;

  SystemOperations(
      Processor processor,
      Operands operands,
      DescriptorTableOperations tables,
      Progress progress,
      Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.tables = tables;
    this.progress = progress;
    this.faults = faults;
    state = processor.state();
    segments = operands.segments;
    sensitive = processor.sensitive();
  }

  void execute(Instruction in) {
    progress.settle();
    sensitive.operands(0, 0);
    int length = in.length;
    int size = in.operandSize;
    switch (in.op) {
      case CPUID -> faults.conclude(sensitive.cpuid(length));
      case RDMSR -> faults.conclude(sensitive.msrs().rdmsr(length));
      case WRMSR -> faults.conclude(sensitive.msrs().wrmsr(length));
      case IN_I -> faults.conclude(immediateIo(in, ExitQualification.Io.IN));
      case IN_DX -> faults.conclude(sensitive.io().in(port(), size, length));
      case OUT_I -> faults.conclude(immediateIo(in, 0));
      case OUT_DX -> faults.conclude(sensitive.io().out(port(), size, length));
      case RDTSC -> faults.conclude(sensitive.rdtsc(length));
      case RDTSCP -> faults.conclude(sensitive.rdtscp(length));
      case RDPMC -> faults.conclude(sensitive.rdpmc(length));
      case RDRAND -> {
        sensitive.operands(InstructionInformation.random(in.rm, size), 0);
        faults.require(sensitive.rdrand(in.rm, size, length));
      }
      case RDSEED -> {
        sensitive.operands(InstructionInformation.random(in.rm, size), 0);
        faults.require(sensitive.rdseed(in.rm, size, length));
      }
      case HLT -> faults.conclude(sensitive.waits().hlt(length));
      case PAUSE -> faults.conclude(sensitive.waits().pause(length));
      case UD0, UD1, UD2 -> throw faults.invalidOpcode();
      default -> control(in, length);
    }
  }

  private StepOutcome immediateIo(Instruction in, long form) {
    return sensitive
        .io()
        .access(
            (int) in.immediate & 0xff,
            in.operandSize,
            form | ExitQualification.Io.IMMEDIATE,
            in.length);
  }

  private int port() {
    return (int) state.register(RDX) & 0xffff;
  }

  private void control(Instruction in, int length) {
    int width = segments.bits64() ? 8 : 4;
    switch (in.op) {
      case MOV_CR_R -> {
        long value = Val.zeroExtend(state.register(in.rm), width);
        faults.conclude(sensitive.controlRegisters().movTo(in.reg, value, in.rm, length));
      }
      case MOV_R_CR -> {
        faults.require(sensitive.controlRegisters().movFrom(in.reg, in.rm, length));
        operands.setRegister(in.rm, width, state.register(in.rm));
      }
      case MOV_DR_R -> {
        long value = Val.zeroExtend(state.register(in.rm), width);
        faults.conclude(sensitive.debugRegisters().to(in.reg, value, in.rm, length));
      }
      case MOV_R_DR -> {
        faults.require(sensitive.debugRegisters().from(in.reg, in.rm, length));
        operands.setRegister(in.rm, width, state.register(in.rm));
      }
      case CLTS -> faults.conclude(sensitive.controlRegisters().clts(length));
      case LMSW ->
          faults.require(sensitive.controlRegisters().lmsw(operands.load(in, 2) & 0xffff, length));
      case SMSW -> {
        if (state.cpl() > 0 && (state.cr4() & CpuState.CR4_UMIP) != 0) {
          throw faults.generalProtection(0);
        }
        long cr0 = processor.intercepts().readCr0(state.cr0());
        operands.store(in, in.isMemory ? 2 : in.operandSize, cr0);
      }
      case INVLPG ->
          faults.conclude(
              sensitive.invlpg(segments.unchecked(in.segment, operands.offset(in)), length));
      case INVPCID -> invpcid(in, length);
      case INVD -> faults.conclude(sensitive.invd(length));
      case WBINVD -> faults.conclude(sensitive.wbinvd(length));
      case MONITOR -> {
        long offset = Val.zeroExtend(state.register(RAX), in.addressSize);
        faults.require(sensitive.waits().monitor(segments.unchecked(in.segment, offset), length));
      }
      case MWAIT -> faults.conclude(sensitive.waits().mwait(length));
      case XSETBV -> faults.conclude(sensitive.xsetbv(length));
      case UMWAIT -> userWait(in, Intercept.UMWAIT);
      case TPAUSE -> userWait(in, Intercept.TPAUSE);
      default -> registers(in);
    }
  }

  private void invpcid(Instruction in, int length) {
    long type = Val.zeroExtend(state.register(in.reg), segments.bits64() ? 8 : 4);
    sensitive.operands(ExitOperands.both(in), ExitOperands.displacement(in, operands.nextRip()));
    faults.require(sensitive.admit(Intercept.INVPCID, length));
    long pcid = operands.loadAt(in, 0, 8);
    long address = operands.loadAt(in, 8, 8);
    faults.require(sensitive.invpcid(type, pcid, address, length));
  }

  /** Those that VMX does not intercept. */
  private void registers(Instruction in) {
    switch (in.op) {
      case SWAPGS -> {
        requireSystem();
        if (state.usesFred()) {
          throw faults.invalidOpcode();
        }
        long base = state.base(Segment.GS);
        state.setBase(Segment.GS, processor.msrs().get(Msr.IA32_KERNEL_GS_BASE));
        processor.msrs().set(Msr.IA32_KERNEL_GS_BASE, base);
      }
      case RDFSBASE -> readBase(in, Segment.FS);
      case RDGSBASE -> readBase(in, Segment.GS);
      case WRFSBASE -> writeBase(in, Segment.FS);
      case WRGSBASE -> writeBase(in, Segment.GS);
      case RSM -> throw faults.invalidOpcode(); // outside system-management mode
      case GETSEC -> {
        if ((state.cr4() & CpuState.CR4_SMXE) == 0) {
          throw faults.invalidOpcode();
        }
        faults.require(sensitive.getsec(in.length));
        throw faults.notModelled("GETSEC");
      }
      case ENCLS -> {
        if (!segments.protectedMode() || state.cpl() > 0) {
          throw faults.invalidOpcode();
        }
        faults.require(sensitive.encls(in.length));
        throw faults.notModelled("ENCLS");
      }
      case UMONITOR -> {
        if (!sensitive.waits().inUserMode()) {
          throw faults.invalidOpcode();
        }
        long offset = Val.zeroExtend(state.register(in.rm), in.addressSize);
        faults.require(sensitive.waits().userMonitor(segments.forLoad(in.segment, offset, 1)));
      }
      case RDMSRLIST -> readMsrs(in.length);
      case WRMSRLIST -> writeMsrs(in.length);
      case WBNOINVD -> faults.require(sensitive.wbinvd(in.length));
      case RDPID -> {
        if (processor.inNonRoot() && !processor.intercepts().on(SecondaryControl.ENABLE_RDTSCP)) {
          throw faults.invalidOpcode();
        }
        operands.setRegister(in.rm, 8, processor.msrs().get(Msr.IA32_TSC_AUX) & 0xffffffffL);
      }
      case XGETBV -> {
        if ((state.cr4() & CpuState.CR4_OSXSAVE) == 0) {
          throw faults.invalidOpcode();
        }
        state.setEdxEax(extendedControl((int) state.register(RCX)));
      }
      case RDPKRU -> {
        requireKeys();
        state.setEdxEax(state.paging().pkru() & 0xffffffffL);
      }
      case WRPKRU -> {
        requireKeys();
        if ((int) state.register(RDX) != 0) {
          throw faults.generalProtection(0);
        }
        state.paging().setPkru((int) state.register(RAX));
        processor.mmu().rightsChanged();
      }
      default -> {
        if (!tables.execute(in)) {
          throw faults.notModelled(in.op.mnemonic().toUpperCase(Locale.ROOT));
        }
      }
    }
  }

  private void userWait(Instruction in, Intercept row) {
    sensitive.operands(InstructionInformation.random(in.rm, 4), 0);
    faults.require(sensitive.waits().userWait(row, (int) state.register(in.rm), in.length));
  }

  /**
   * RDMSRLIST (later editions): bits of RCX choose among 64 addresses at RSI; values go to RDI.
   * What has been read is no longer in RCX when something else happens.
   */
  private void readMsrs(int length) {
    faults.require(sensitive.msrs().admitList(ExitReason.RDMSRLIST, length));
    requireAlignedLists();
    for (long left = state.register(RCX); left != 0; left = state.register(RCX)) {
      int i = Long.numberOfTrailingZeros(left);
      faults.require(sensitive.msrs().readListed(listed(RSI, i), length));
      long address = segments.forStore(Instruction.DS, state.register(RDI) + 8L * i, 8);
      operands.mem.store(address, 8, sensitive.msrs().value());
      state.setRegister(RCX, left & (left - 1));
    }
  }

  /** WRMSRLIST: values come from RDI. */
  private void writeMsrs(int length) {
    faults.require(sensitive.msrs().admitList(ExitReason.WRMSRLIST, length));
    requireAlignedLists();
    for (long left = state.register(RCX); left != 0; left = state.register(RCX)) {
      int i = Long.numberOfTrailingZeros(left);
      faults.require(sensitive.msrs().writeListed(listed(RSI, i), listed(RDI, i), length));
      state.setRegister(RCX, left & (left - 1));
    }
  }

  private void requireAlignedLists() {
    if (((state.register(RSI) | state.register(RDI)) & 7) != 0) {
      throw faults.generalProtection(0);
    }
  }

  private long listed(int list, int i) {
    return operands.mem.load(segments.forLoad(Instruction.DS, state.register(list) + 8L * i, 8), 8);
  }

  /** XCR0, or with number 1 which of its components are in use. */
  private long extendedControl(int number) {
    if (number == 0) {
      return state.xcr0;
    }
    if (number != 1 || !processor.profile().cpuid().hasXgetbv1()) {
      throw faults.generalProtection(0);
    }
    return state.xcr0 & state.xinuse();
  }

  private void requireSystem() {
    if (state.cpl() > 0) {
      throw faults.generalProtection(0);
    }
  }

  private void requireKeys() {
    if ((state.cr4() & PagingState.CR4_PKE) == 0) {
      throw faults.invalidOpcode();
    }
    if ((int) state.register(RCX) != 0) {
      throw faults.generalProtection(0);
    }
  }

  private void readBase(Instruction in, Segment segment) {
    requireBaseInstructions();
    operands.setRegister(in.rm, in.operandSize, state.base(segment));
  }

  private void writeBase(Instruction in, Segment segment) {
    requireBaseInstructions();
    long base = Val.zeroExtend(state.register(in.rm), in.operandSize);
    if (!segments.isCanonical(base)) {
      throw faults.generalProtection(0);
    }
    state.setBase(segment, base);
  }

  private void requireBaseInstructions() {
    if ((state.cr4() & CR4_FSGSBASE) == 0) {
      throw faults.invalidOpcode();
    }
  }
}
