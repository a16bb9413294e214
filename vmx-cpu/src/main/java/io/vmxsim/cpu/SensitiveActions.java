package io.vmxsim.cpu;

import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.ExitQualification.Io;

/**
 * Performs the sensitive instructions of a trace: puts an action's operands where the instruction
 * expects them and has {@link SensitiveInstructions} carry it out.
 */
final class SensitiveActions {

  /** The general register that a trace's MOVs to and from control and debug registers use. */
  private static final int GPR = CpuState.RAX;

  /**
   * Performs one action.
   *
   * @param kind one of CPUID to WRPKRU
   * @param length of the instruction in bytes
   */
  StepOutcome perform(
      Processor processor, ActionKind kind, int size, long address, long value, int length) {
    SensitiveInstructions instructions = processor.sensitive();
    CpuState state = processor.state();
    return switch (kind) {
      case CPUID -> {
        state.setRegister(CpuState.RAX, address);
        state.setRegister(CpuState.RCX, value);
        yield instructions.cpuid(length);
      }
      case IN -> instructions.io().access(port(address), size, Io.IN | form(address), length);
      case OUT -> {
        state.setRegister(CpuState.RAX, value);
        yield instructions.io().access(port(address), size, form(address), length);
      }
      case RDMSR -> {
        state.setRegister(CpuState.RCX, address);
        yield instructions.msrs().rdmsr(length);
      }
      case WRMSR -> {
        state.setRegister(CpuState.RCX, address);
        state.setEdxEax(value);
        yield instructions.msrs().wrmsr(length);
      }
      case VMCALL -> {
        state.setRegister(CpuState.RAX, address);
        state.setRegister(CpuState.RBX, value);
        yield instructions.vmcall(length);
      }
      case XSETBV -> {
        state.setRegister(CpuState.RCX, address);
        state.setEdxEax(value);
        yield instructions.xsetbv(length);
      }
      case MOV_TO_CR -> {
        state.setRegister(GPR, value);
        yield instructions.controlRegisters().movTo(size, value, GPR, length);
      }
      case MOV_FROM_CR -> instructions.controlRegisters().movFrom(size, GPR, length);
      case MOV_TO_DR -> {
        state.setRegister(GPR, value);
        yield instructions.debugRegisters().to(size, value, GPR, length);
      }
      case MOV_FROM_DR -> instructions.debugRegisters().from(size, GPR, length);
      case INVPCID -> instructions.invpcid(size, value, address, length);
      default -> performOther(processor, kind, address, value, length);
    };
  }

  /** The port of an IN or OUT. */
  static int port(long address) {
    return (int) address & 0xffff;
  }

  private static long form(long address) {
    return (address & ActionKind.STRING) != 0 ? Io.STRING : 0;
  }

  private static StepOutcome performOther(
      Processor processor, ActionKind kind, long address, long value, int length) {
    SensitiveInstructions instructions = processor.sensitive();
    return switch (kind) {
      case HLT -> instructions.waits().hlt(length);
      case CLTS -> instructions.controlRegisters().clts(length);
      case LMSW -> instructions.controlRegisters().lmsw(value, length);
      case INVLPG -> instructions.invlpg(address, length);
      case RDTSC -> instructions.rdtsc(length);
      case RDTSCP -> instructions.rdtscp(length);
      case RDPMC -> {
        processor.state().setRegister(CpuState.RCX, address);
        yield instructions.rdpmc(length);
      }
      case PAUSE -> instructions.waits().pause(length);
      case MONITOR -> instructions.waits().monitor(address, length);
      case MWAIT -> instructions.waits().mwait(length);
      case WBINVD -> instructions.wbinvd(length);
      case INVD -> instructions.invd(length);
      case RDRAND -> instructions.rdrand(GPR, Long.BYTES, length);
      case RDSEED -> instructions.rdseed(GPR, Long.BYTES, length);
      case WRPKRU -> wrpkru(processor, (int) value);
      default -> throw new IllegalStateException(kind + " inside the trace: " + processor);
    };
  }

  /** WRPKRU does not exit; what it permits changes at once. */
  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private static StepOutcome wrpkru(Processor processor, int value) {
    PagingState paging = processor.mmu().paging();
    if ((paging.cr4() & PagingState.CR4_PKE) == 0) {
      return processor.raise(EventDelivery.INVALID_OPCODE, 0, 0);
    }
    paging.setPkru(value);
    processor.mmu().rightsChanged();
    processor.retire(InstructionClass.SIMPLE.ordinal());
    return StepOutcome.DONE;
  }
}
