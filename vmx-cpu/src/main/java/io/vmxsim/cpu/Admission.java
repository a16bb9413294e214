package io.vmxsim.cpu;

import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;
import static io.vmxsim.cpu.EventDelivery.INVALID_OPCODE;

/**
 * Whether guest software may execute a sensitive instruction: the faults that rank above VM exits,
 * then the VM exit ("Relative Priority of Faults and VM Exits", 25.1.1), as its {@link Intercept}
 * row says.
 */
final class Admission {
  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private long information;
  private long displacement;

  Admission(Processor processor) {
    this.processor = processor;
    state = processor.state();
    intercepts = processor.intercepts();
  }

  /** See {@link SensitiveInstructions#operands}. */
  void operands(long newInformation, long newDisplacement) {
    information = newInformation;
    displacement = newDisplacement;
  }

  /** The VM-exit instruction-information field of the next instruction. */
  long information() {
    return information;
  }

  /** The exit qualification of the next instruction, which has a memory operand. */
  long displacement() {
    return displacement;
  }

  /** Faults above exits, then the exit: DONE if the instruction may go on. */
  StepOutcome admit(Intercept row, long qualification, int length) {
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

  /** An exception without an error code, or with 0. */
  StepOutcome raise(int vector) {
    return processor.raise(vector, 0, 0);
  }

  /** The instruction has done what it does: its cost. */
  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  StepOutcome done(InstructionClass instructionClass) {
    processor.retire(instructionClass.ordinal());
    return StepOutcome.DONE;
  }
}
