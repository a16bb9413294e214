package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.util.Locale;

/** "x87 FPU Control Instructions" (volume 1, 5.2.6). */
final class X87Operations {
  private static final int EXCEPTIONS_AND_BUSY = 0x80ff;
  private static final int CONTROL_WRITABLE = 0x1f3f;
  private static final int CONTROL_FIXED = 0x40;

  private final CpuState state;
  private final ExtendedState extended;
  private final Operands operands;
  private final Faults faults;

  X87Operations(Operands operands, Faults faults) {
    this.operands = operands;
    this.faults = faults;
    state = operands.state;
    extended = state.extended;
  }

  void execute(Instruction in) {
    requireAvailable(in.op);
    if (waits(in.op)) {
      faults.requireNoX87Error();
    }
    switch (in.op) {
      case FWAIT, FNOP -> {}
      case FNINIT -> extended.initX87();
      case FNCLEX -> extended.status &= ~EXCEPTIONS_AND_BUSY;
      case FNSTCW -> operands.store(in, 2, extended.control);
      case FLDCW -> setControl((int) operands.load(in, 2));
      case FNSTSW_M -> operands.store(in, 2, extended.status);
      case FNSTSW_AX -> operands.setRegister(RAX, 2, extended.status);
      default -> throw faults.notModelled(in.op.mnemonic().toUpperCase(Locale.ROOT));
    }
  }

  /** #NM: FWAIT looks at MP and TS, all others at EM and TS. */
  private void requireAvailable(Op op) {
    long cr0 = state.cr0();
    boolean taskSwitched = (cr0 & CpuState.CR0_TS) != 0;
    boolean trapped =
        op == Op.FWAIT
            ? taskSwitched && (cr0 & CpuState.CR0_MP) != 0
            : taskSwitched || (cr0 & CpuState.CR0_EM) != 0;
    if (trapped) {
      throw faults.deviceNotAvailable();
    }
  }

  private static boolean waits(Op op) {
    return switch (op) {
      case FNINIT, FNCLEX, FNSTCW, FNSTSW_M, FNSTSW_AX, FNSTENV, FNSAVE -> false;
      default -> true;
    };
  }

  private void setControl(int value) {
    extended.control = (value & CONTROL_WRITABLE) | CONTROL_FIXED;
    summarize();
  }

  /** ES and B say whether an exception is pending that the control word does not mask. */
  private void summarize() {
    boolean pending = (extended.status & ~extended.control & 0x3f) != 0;
    extended.status = pending ? extended.status | 0x8080 : extended.status & ~0x8080;
  }
}
