package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Restricted transactional memory ("Intel Transactional Synchronization Extensions", volume 1,
 * chapter 15): every transaction aborts at once, which the architecture permits.
 */
final class TransactionOperations {
  private final Operands operands;
  private final Faults faults;

  TransactionOperations(Operands operands, Faults faults) {
    this.operands = operands;
    this.faults = faults;
  }

  void execute(Instruction in) {
    switch (in.op) {
      case XBEGIN -> {
        long fallback =
            Val.zeroExtend(operands.nextRip() + in.immediate, operands.segments.bits64() ? 8 : 4);
        operands.segments.requireTarget(fallback);
        operands.setRegister(RAX, 4, 0); // no retry
        operands.setNextRip(fallback);
      }
      case XEND -> throw faults.generalProtection(0);
      case XABORT, XSUSLDTRK, XRESLDTRK -> {} // outside a transaction nothing
      case XTEST -> operands.state.status.set(CpuState.ZF);
      default -> throw new IllegalStateException("no transaction: " + in.op);
    }
  }
}
