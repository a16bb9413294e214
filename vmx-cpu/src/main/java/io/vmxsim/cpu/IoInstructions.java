package io.vmxsim.cpu;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;

/**
 * IN and OUT ("I/O Privilege Level" and "I/O Permission Bit Map", volume 1, 18.5). An access that
 * is not intercepted goes to the bus.
 */
public final class IoInstructions {
  private static final int IOPL_SHIFT = 12;
  private static final int IO_MAP_BASE_OFFSET = 0x66;

  private final Processor processor;
  private final CpuState state;
  private final Admission admission;
  private int taskWord;

  IoInstructions(Processor processor, Admission admission) {
    this.processor = processor;
    this.admission = admission;
    state = processor.state();
  }

  /** IN of {@code size} bytes into AL, AX or EAX, the port in DX. */
  public StepOutcome in(int port, int size, int length) {
    return access(port, size, ExitQualification.Io.IN, length);
  }

  /** OUT of {@code size} bytes from AL, AX or EAX, the port in DX. */
  public StepOutcome out(int port, int size, int length) {
    return access(port, size, 0, length);
  }

  /**
   * IN or OUT.
   *
   * @param size 1, 2 or 4 bytes
   * @param form bits of {@link ExitQualification.Io}: IN for input, IMMEDIATE for a port in the
   *     instruction
   */
  public StepOutcome access(int port, int size, long form, int length) {
    StepOutcome admitted = admit(port, size, form, length, 0);
    if (admitted != StepOutcome.DONE) {
      return admitted;
    }
    long mask = (1L << (size * Byte.SIZE)) - 1;
    if ((form & ExitQualification.Io.IN) != 0) {
      long kept = size == 4 ? 0 : state.register(RAX) & ~mask;
      state.setRegister(RAX, kept | (input(port, size) & mask));
    } else {
      output(port, size, (int) (state.register(RAX) & mask));
    }
    retire();
    return StepOutcome.DONE;
  }

  /**
   * The permission check and the VM exit of one iteration of INS or OUTS, whose instruction
   * information {@link SensitiveInstructions#operands} has been told.
   *
   * @param linear the linear address of its operand, which the exit records
   */
  public StepOutcome admitString(int port, int size, long form, long linear, int length) {
    if (processor.inNonRoot()) {
      processor.controlling().set(VmcsField.GUEST_LINEAR_ADDRESS, linear);
    }
    return admit(port, size, form | ExitQualification.Io.STRING, length, admission.information());
  }

  /** The permission, then the VM exit that is due. */
  private StepOutcome admit(int port, int size, long form, int length, long information) {
    StepOutcome permitted = checkPermission(port, size);
    if (permitted != StepOutcome.DONE || !processor.intercepts().io(port, size)) {
      return permitted;
    }
    long qualification = ExitQualification.Io.encode(port, size, form);
    return processor
        .vmExit()
        .instruction(ExitReason.IO_INSTRUCTION, qualification, length, information);
  }

  /** What IN, or one iteration of INS, reads. */
  public int input(int port, int size) {
    processor.debug().port(port, size);
    return processor.bus().in(port, size);
  }

  /** What OUT, or one iteration of OUTS, writes. */
  public void output(int port, int size, int value) {
    processor.debug().port(port, size);
    processor.bus().out(port, size, value);
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private void retire() {
    processor.retire(InstructionClass.PORT_IO.ordinal());
  }

  /** The check of the TSS's I/O permission bit map, which ranks above VM exits (25.1.1). */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private StepOutcome checkPermission(int port, int size) {
    int iopl = (int) (state.rflags() >>> IOPL_SHIFT) & 3;
    boolean virtual8086 = (state.rflags() & CpuState.VM) != 0;
    boolean protectedMode = (state.cr0() & CpuState.CR0_PE) != 0;
    if (!protectedMode || (!virtual8086 && state.cpl() <= iopl)) {
      return StepOutcome.DONE;
    }
    long limit = Integer.toUnsignedLong(state.limits[Segment.TR.ordinal()]);
    if (limit < IO_MAP_BASE_OFFSET + 1) {
      return refuse();
    }
    StepOutcome read = readTaskWord(IO_MAP_BASE_OFFSET);
    if (read != StepOutcome.DONE) {
      return read;
    }
    int offset = taskWord + port / Byte.SIZE;
    if (offset + 1 > limit) {
      return refuse();
    }
    read = readTaskWord(offset);
    if (read != StepOutcome.DONE) {
      return read;
    }
    int wanted = ((1 << size) - 1) << port % Byte.SIZE;
    return (taskWord & wanted) == 0 ? StepOutcome.DONE : refuse();
  }

  /** Reads two bytes of the TSS, which a page boundary may part, into {@link #taskWord}. */
  private StepOutcome readTaskWord(int offset) {
    taskWord = 0;
    for (int i = 0; i < 2; i++) {
      long address = state.base(Segment.TR) + offset + i;
      StepOutcome read =
          processor.memoryAccess().perform(address, 1, Access.READ | Access.IMPLICIT);
      if (read != StepOutcome.DONE) {
        return read;
      }
      taskWord |=
          processor.memory().read8(processor.memoryAccess().physicalAddress()) << (i * Byte.SIZE);
    }
    return StepOutcome.DONE;
  }

  private StepOutcome refuse() {
    return processor.raise(EventDelivery.GENERAL_PROTECTION, 0, 0);
  }
}
