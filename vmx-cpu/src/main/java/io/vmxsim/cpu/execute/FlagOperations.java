package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/** "Flag Control (EFLAG) Instructions" (volume 1, 5.1.11) and those that do nothing here. */
final class FlagOperations {
  private static final long AH = 0xff00;
  private static final long SAHF = StatusFlags.MASK & 0xff;

  private final CpuState state;
  private final FlagsImage flagsImage;
  private final Progress progress;
  private final Faults faults;

  FlagOperations(CpuState state, FlagsImage flagsImage, Progress progress, Faults faults) {
    this.state = state;
    this.flagsImage = flagsImage;
    this.progress = progress;
    this.faults = faults;
  }

  void execute(Instruction in) {
    StatusFlags status = state.status;
    switch (in.op) {
      case CLC -> status.setCf(false);
      case STC -> status.setCf(true);
      case CMC -> status.setCf(!status.cf());
      case CLD -> change(FlagsImage.DF, false);
      case STD -> change(FlagsImage.DF, true);
      case CLI -> {
        flagsImage.requireInterruptFlagAccess();
        change(CpuState.IF, false);
      }
      case STI -> {
        flagsImage.requireInterruptFlagAccess();
        if ((state.controlFlags() & CpuState.IF) == 0) {
          change(CpuState.IF, true);
          progress.block(Interruptibility.STI);
        }
      }
      case SAHF -> {
        long ah = state.register(RAX) >>> Byte.SIZE;
        status.set((status.bits() & ~SAHF) | (ah & SAHF));
      }
      case LAHF -> {
        long image = (status.bits() & SAHF) | CpuState.FIXED_1;
        state.setRegister(RAX, (state.register(RAX) & ~AH) | image << Byte.SIZE);
      }
      case CLAC -> access(false);
      case STAC -> access(true);
      default -> throw new IllegalStateException("no flag instruction: " + in.op);
    }
  }

  /** CLAC and STAC exist at CPL 0 only. */
  private void access(boolean permitted) {
    if (state.cpl() > 0 || (state.cr0() & CpuState.CR0_PE) == 0) {
      throw faults.invalidOpcode();
    }
    change(CpuState.AC, permitted);
  }

  private void change(long flag, boolean set) {
    long rflags = state.rflags();
    state.setRflags(set ? rflags | flag : rflags & ~flag);
  }
}
