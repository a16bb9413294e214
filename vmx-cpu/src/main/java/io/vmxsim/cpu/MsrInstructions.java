package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.EventDelivery.GENERAL_PROTECTION;
import static io.vmxsim.cpu.EventDelivery.INVALID_OPCODE;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * RDMSR, WRMSR and, from later editions, RDMSRLIST and WRMSRLIST, with what VMX non-root operation
 * makes of single MSRs ("Changes to Instruction Behavior in VMX Non-Root Operation", 25.3).
 */
public final class MsrInstructions {
  private final Processor processor;
  private final CpuState state;
  private final Intercepts intercepts;
  private final TimeStamp timeStamp;
  private long value;

  MsrInstructions(Processor processor, TimeStamp timeStamp) {
    this.processor = processor;
    this.timeStamp = timeStamp;
    state = processor.state();
    intercepts = processor.intercepts();
  }

  /** RDMSR: number in ECX, value into EDX:EAX. */
  public StepOutcome rdmsr(int length) {
    if (state.cpl() > 0) {
      return refuse();
    }
    int number = (int) state.register(RCX);
    if (intercepts.rdmsr(number)) {
      return processor.vmExit().instruction(ExitReason.MSR_READ, 0, length, 0);
    }
    if (!read(number)) {
      return refuse();
    }
    state.setEdxEax(value);
    return done(InstructionClass.RDMSR);
  }

  /** WRMSR: number in ECX, value in EDX:EAX. */
  public StepOutcome wrmsr(int length) {
    if (state.cpl() > 0) {
      return refuse();
    }
    int number = (int) state.register(RCX);
    if (intercepts.wrmsr(number)) {
      return processor.vmExit().instruction(ExitReason.MSR_WRITE, 0, length, 0);
    }
    if (processor.virtualApic().servesWrite(number)) {
      return writeVirtualApic(number, state.edxEax(), length);
    }
    return write(number, state.edxEax()) ? done(InstructionClass.WRMSR) : refuse();
  }

  // ---- Lists ---------------------------------------------------------------------------------

  /** The faults of RDMSRLIST or WRMSRLIST above VM exits, and the exit of the whole instruction. */
  public StepOutcome admitList(ExitReason instruction, int length) {
    if (processor.inNonRoot() && !intercepts.on(TertiaryControl.ENABLE_MSR_LIST_INSTRUCTIONS)) {
      return processor.raise(INVALID_OPCODE, 0, 0);
    }
    if (state.cpl() > 0) {
      return refuse();
    }
    boolean exits = processor.inNonRoot() && !intercepts.on(PrimaryControl.USE_MSR_BITMAPS);
    return exits ? processor.vmExit().instruction(instruction, 0, length, 0) : StepOutcome.DONE;
  }

  /**
   * RDMSRLIST reads one MSR; {@link #value} is what is to be stored.
   *
   * @param number the element of the list of addresses
   */
  public StepOutcome readListed(long number, int length) {
    if (number >>> 32 != 0) {
      return refuse();
    }
    if (intercepts.rdmsr((int) number)) {
      return processor.vmExit().instruction(ExitReason.RDMSRLIST, number, length, 0);
    }
    return read((int) number) ? charge(InstructionClass.RDMSR) : refuse();
  }

  /** WRMSRLIST writes one MSR. */
  public StepOutcome writeListed(long number, long newValue, int length) {
    if (number >>> 32 != 0) {
      return refuse();
    }
    if (intercepts.wrmsr((int) number)) {
      processor.controlling().set(VmcsField.MSR_DATA, newValue);
      return processor.vmExit().instruction(ExitReason.WRMSRLIST, number, length, 0);
    }
    if (processor.virtualApic().servesWrite((int) number)) {
      throw new NotModelledException("virtualized APIC register in WRMSRLIST", state.rip);
    }
    return write((int) number, newValue) ? charge(InstructionClass.WRMSR) : refuse();
  }

  /** What the last MSR held that was read. */
  public long value() {
    return value;
  }

  // ---- One MSR -------------------------------------------------------------------------------

  /** False where there is #GP(0). */
  private boolean read(int number) {
    VirtualApic virtualApic = processor.virtualApic();
    if (virtualApic.servesRead(number)) {
      value = virtualApic.readMsr(number);
      return true;
    }
    if (!processor.msrs().read(number)) {
      return false;
    }
    if (processor.guestTimer().serves(number)) {
      value = processor.guestTimer().read();
    } else if (number == Msr.IA32_TIME_STAMP_COUNTER.address()) {
      value = timeStamp.read();
    } else if (hasSpecCtrlShadow(number)) {
      value = processor.controlling().get(VmcsField.IA32_SPEC_CTRL_SHADOW);
    } else {
      value = processor.msrs().value();
    }
    return true;
  }

  /** False where there is #GP(0), and nothing has changed. */
  private boolean write(int number, long newValue) {
    MsrFile msrs = processor.msrs();
    if (processor.guestTimer().serves(number)) {
      processor.guestTimer().write(newValue);
      return true;
    }
    if (!hasSpecCtrlShadow(number)) {
      return msrs.write(number, newValue);
    }
    Vmcs vmcs = processor.controlling();
    long kept = vmcs.get(VmcsField.IA32_SPEC_CTRL_MASK);
    if (!msrs.write(number, (msrs.get(Msr.IA32_SPEC_CTRL) & kept) | (newValue & ~kept))) {
      return false;
    }
    vmcs.set(VmcsField.IA32_SPEC_CTRL_SHADOW, newValue);
    return true;
  }

  /**
   * "Virtualize IA32_SPEC_CTRL" (June 2026): software reads a shadow, and changes no masked bit.
   */
  private boolean hasSpecCtrlShadow(int number) {
    return number == Msr.IA32_SPEC_CTRL.address()
        && intercepts.on(TertiaryControl.VIRTUALIZE_IA32_SPEC_CTRL);
  }

  /** A VM exit is trap-like: the instruction is complete. */
  private StepOutcome writeVirtualApic(int number, long newValue, int length) {
    VirtualApic apic = processor.virtualApic();
    if (!apic.acceptsWrite(number, newValue)) {
      return refuse();
    }
    done(InstructionClass.WRMSR);
    state.rip += length;
    StepOutcome outcome = apic.writeMsr(number, newValue);
    if (outcome == StepOutcome.DONE) {
      state.rip -= length;
    }
    return outcome;
  }

  private StepOutcome refuse() {
    return processor.raise(GENERAL_PROTECTION, 0, 0);
  }

  /** Each element costs as much as the instruction for one; all are one instruction. */
  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private StepOutcome charge(InstructionClass instructionClass) {
    processor.cycles().guest += processor.costs().instruction(instructionClass.ordinal());
    return StepOutcome.DONE;
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private StepOutcome done(InstructionClass instructionClass) {
    processor.retire(instructionClass.ordinal());
    return StepOutcome.DONE;
  }
}
