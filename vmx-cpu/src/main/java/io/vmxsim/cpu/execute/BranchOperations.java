package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RCX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;

/** "Control Transfer Instructions" (volume 1, 5.1.7); the far ones are {@link FarTransfer}'s. */
final class BranchOperations {
  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final FarTransfer far;
  private final InterruptReturn interruptReturn;
  private final FredTransitions fred;
  private final FastSystemCall systemCall;
  private final TransactionOperations transactions;
  private final Progress progress;
  private final Faults faults;

  BranchOperations(
      Processor processor,
      Operands operands,
      FarTransfer far,
      InterruptReturn interruptReturn,
      FredTransitions fred,
      FastSystemCall systemCall,
      Progress progress,
      Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.far = far;
    this.interruptReturn = interruptReturn;
    this.fred = fred;
    this.systemCall = systemCall;
    transactions = new TransactionOperations(operands, faults);
    this.progress = progress;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
  }

  void execute(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case J_CC -> {
        if (state.status.condition(in.condition())) {
          relative(in);
        }
      }
      case JMP_J -> relative(in);
      case JMP_RM -> jump(Val.zeroExtend(operands.load(in), size));
      case CALL_J -> call(Val.zeroExtend(operands.nextRip() + in.immediate, size), size);
      case CALL_RM -> call(Val.zeroExtend(operands.load(in), size), size);
      case RET -> {
        long target = operands.peek(0, size);
        segments.requireTarget(target);
        operands.release(size + (in.immediate & 0xffff));
        operands.setNextRip(target);
      }
      case LOOP -> loop(in, true);
      case LOOPE -> loop(in, state.status.zf());
      case LOOPNE -> loop(in, !state.status.zf());
      case JCXZ -> {
        if (Val.zeroExtend(state.register(RCX), in.addressSize) == 0) {
          relative(in);
        }
      }
      default -> leave(in, size);
    }
  }

  private void relative(Instruction in) {
    jump(Val.zeroExtend(operands.nextRip() + in.immediate, in.operandSize));
  }

  private void jump(long target) {
    segments.requireTarget(target);
    operands.setNextRip(target);
  }

  private void call(long target, int size) {
    segments.requireTarget(target);
    operands.push(operands.nextRip(), size);
    operands.setNextRip(target);
  }

  private void loop(Instruction in, boolean condition) {
    long count = Val.zeroExtend(state.register(RCX) - 1, in.addressSize);
    if (count != 0 && condition) {
      relative(in);
    }
    operands.setRegister(RCX, in.addressSize, count);
  }

  private void leave(Instruction in, int size) {
    switch (in.op) {
      case JMP_FAR_P -> far.jump(in.immediate2 & 0xffff, in.immediate, in.length);
      case JMP_FAR_M -> {
        long offset = operands.loadAt(in, 0, size - 2);
        far.jump((int) operands.loadAt(in, size - 2, 2), offset, in.length);
      }
      // The operand is the whole far pointer.
      case CALL_FAR_P -> far.call(in.immediate2 & 0xffff, in.immediate, size - 2, in.length);
      case CALL_FAR_M -> {
        int offsetSize = size - 2;
        long offset = operands.loadAt(in, 0, offsetSize);
        far.call((int) operands.loadAt(in, offsetSize, 2), offset, offsetSize, in.length);
      }
      case RETF -> far.returnFrom(size, (int) in.immediate & 0xffff);
      case IRET -> interruptReturn.execute(size, in.length);
      case ERETS -> fred.returnToSupervisor();
      case ERETU -> fred.returnToUser();
      case SYSCALL -> systemCall.call(in.length);
      case XBEGIN, XEND, XABORT, XTEST, XSUSLDTRK, XRESLDTRK -> transactions.execute(in);
      case SYSENTER -> systemCall.enter(in.length);
      case SYSEXIT -> systemCall.exit(size);
      case SYSRET -> systemCall.sysret(size);
      case INT -> {
        progress.settle();
        faults.require(processor.sensitive().intN((int) in.immediate & 0xff, in.length));
      }
      case INT1 -> {
        progress.settle();
        faults.require(processor.sensitive().int1(in.length));
      }
      case INT3 -> {
        progress.settle();
        faults.require(processor.sensitive().int3(in.length));
      }
      case INTO -> {
        if (state.status.of()) {
          progress.settle();
          faults.require(processor.sensitive().into(in.length));
        }
      }
      default -> throw faults.notModelled(in.op.mnemonic().toUpperCase(java.util.Locale.ROOT));
    }
  }
}
