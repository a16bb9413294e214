package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.execute.Executor;

/** What a trace says of an instruction that could exit, whether it does or not: its operands. */
final class RecordedInstruction {
  private static final int LINK_MASK = 0xffff;

  private final Processor processor;
  private final CpuState state;
  private final Executor executor;

  RecordedInstruction(Processor processor) {
    this.processor = processor;
    state = processor.state();
    executor = (Executor) processor.guest();
  }

  /** Appends the action that is the instruction at RIP, if it is a sensitive one. */
  void addTo(ActionBatch batch, Instruction in) {
    switch (in.op) {
      case CPUID -> add(batch, ActionKind.CPUID, 0, low(CpuState.RAX), low(CpuState.RCX));
      case IN_I -> add(batch, ActionKind.IN, in.operandSize, in.immediate & 0xff, 0);
      case OUT_I -> add(batch, ActionKind.OUT, in.operandSize, in.immediate & 0xff, written(in));
      case IN_DX -> add(batch, ActionKind.IN, in.operandSize, port(), 0);
      case OUT_DX -> add(batch, ActionKind.OUT, in.operandSize, port(), written(in));
      case INS -> add(batch, ActionKind.IN, in.operandSize, port() | ActionKind.STRING, 0);
      case OUTS -> add(batch, ActionKind.OUT, in.operandSize, port() | ActionKind.STRING, 0);
      case RDMSR -> add(batch, ActionKind.RDMSR, 0, low(CpuState.RCX), 0);
      case WRMSR -> add(batch, ActionKind.WRMSR, 0, low(CpuState.RCX), state.edxEax());
      case XSETBV -> add(batch, ActionKind.XSETBV, 0, low(CpuState.RCX), state.edxEax());
      case RDPMC -> add(batch, ActionKind.RDPMC, 0, low(CpuState.RCX), 0);
      case MOV_CR_R -> control(batch, ActionKind.MOV_TO_CR, in.reg, moved(in));
      case MOV_R_CR -> control(batch, ActionKind.MOV_FROM_CR, in.reg, 0);
      case MOV_DR_R -> add(batch, ActionKind.MOV_TO_DR, in.reg, 0, moved(in));
      case MOV_R_DR -> add(batch, ActionKind.MOV_FROM_DR, in.reg, 0, 0);
      case INVLPG -> add(batch, ActionKind.INVLPG, 0, executor.linearAddress(in), 0);
      case INVPCID -> add(batch, ActionKind.INVPCID, (int) state.register(in.reg) & 3, 0, 0);
      case LMSW -> add(batch, ActionKind.LMSW, 0, 0, in.isMemory ? 0 : moved(in) & LINK_MASK);
      case MONITOR -> add(batch, ActionKind.MONITOR, 0, state.register(CpuState.RAX), 0);
      case VMCALL ->
          add(
              batch,
              ActionKind.VMCALL,
              0,
              state.register(CpuState.RAX),
              state.register(CpuState.RBX));
      case WRPKRU -> add(batch, ActionKind.WRPKRU, 0, 0, low(CpuState.RAX));
      default -> withoutOperands(batch, in.op);
    }
  }

  private static void withoutOperands(ActionBatch batch, Op op) {
    switch (op) {
      case HLT -> add(batch, ActionKind.HLT, 0, 0, 0);
      case CLTS -> add(batch, ActionKind.CLTS, 0, 0, 0);
      case RDTSC -> add(batch, ActionKind.RDTSC, 0, 0, 0);
      case RDTSCP -> add(batch, ActionKind.RDTSCP, 0, 0, 0);
      case PAUSE -> add(batch, ActionKind.PAUSE, 0, 0, 0);
      case MWAIT -> add(batch, ActionKind.MWAIT, 0, 0, 0);
      case WBINVD -> add(batch, ActionKind.WBINVD, 0, 0, 0);
      case INVD -> add(batch, ActionKind.INVD, 0, 0, 0);
      case RDRAND -> add(batch, ActionKind.RDRAND, 0, 0, 0);
      case RDSEED -> add(batch, ActionKind.RDSEED, 0, 0, 0);
      default -> {}
    }
  }

  /** CR2 is nobody's concern but the guest's. */
  private static void control(ActionBatch batch, ActionKind kind, int register, long value) {
    if (register != 2) {
      batch.add(kind, register, 0, value);
    }
  }

  private static void add(ActionBatch batch, ActionKind kind, int size, long address, long value) {
    batch.add(kind, size, address, value);
  }

  private long low(int register) {
    return state.register(register) & 0xffff_ffffL;
  }

  private long port() {
    return state.register(CpuState.RDX) & 0xffff;
  }

  private long written(Instruction in) {
    return state.register(CpuState.RAX) & (1L << (in.operandSize * Byte.SIZE)) - 1;
  }

  private long moved(Instruction in) {
    long value = state.register(in.rm);
    return processor.state().in64BitMode() ? value : value & 0xffff_ffffL;
  }
}
