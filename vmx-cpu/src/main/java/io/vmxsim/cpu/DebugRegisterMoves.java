package io.vmxsim.cpu;

import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;
import static io.vmxsim.cpu.EventDelivery.INVALID_OPCODE;

import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;

/** "MOV—Move to/from Debug Registers" (volume 2). */
public final class DebugRegisterMoves {
  private final Processor processor;
  private final CpuState state;
  private final Admission admission;

  DebugRegisterMoves(Processor processor, Admission admission) {
    this.processor = processor;
    this.admission = admission;
    state = processor.state();
  }

  /** MOV of {@code value}, from general register {@code gpr}, to DR0 to DR7. */
  public StepOutcome to(int dr, long value, int gpr, int length) {
    StepOutcome admitted = admit(dr, false, gpr, length);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    if (dr >= 4 && value >>> 32 != 0) {
      return admission.raise(GENERAL_PROTECTION);
    }
    int number = alias(dr);
    state.debug[number] =
        number == 6 ? DebugRegisters.dr6(value) : number == 7 ? DebugRegisters.dr7(value) : value;
    return admission.done(InstructionClass.MOV_DR);
  }

  /** MOV from DR0 to DR7 into a general register. */
  public StepOutcome from(int dr, int gpr, int length) {
    StepOutcome admitted = admit(dr, true, gpr, length);
    if (admitted == StepOutcome.DONE) {
      state.setRegister(gpr, state.debug[alias(dr)]);
      admission.done(InstructionClass.MOV_DR);
    }
    return admitted;
  }

  /** MOV DR alone exits before its privilege check and before #UD for DR4 and DR5 (25.1.3). */
  private StepOutcome admit(int dr, boolean from, int gpr, int length) {
    if (processor.intercepts().on(PrimaryControl.MOV_DR_EXITING)) {
      long qualification = ExitQualification.MovDr.encode(dr, from, gpr);
      return processor.vmExit().instruction(ExitReason.DR_ACCESS, qualification, length, 0);
    }
    if ((dr == 4 || dr == 5) && (state.cr4() & CpuState.CR4_DE) != 0) {
      return admission.raise(INVALID_OPCODE);
    }
    if (state.cpl() > 0) {
      return admission.raise(GENERAL_PROTECTION);
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
}
