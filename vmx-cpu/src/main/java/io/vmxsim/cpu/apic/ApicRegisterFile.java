package io.vmxsim.cpu.apic;

import io.vmxsim.cpu.apic.LocalVectorTable.Source;

/**
 * The registers of a local APIC as software reaches them: in xAPIC mode by loads and stores to a
 * page of physical memory (10.4.1), in x2APIC mode by RDMSR and WRMSR (10.12.1).
 */
public final class ApicRegisterFile {
  /** Version 14H, with suppression of EOI broadcasts (10.4.8). */
  private static final int VERSION = 1 << 24 | LocalVectorTable.LAST_ENTRY << 16 | 0x14;

  private static final int PAGE_BYTES = 4096;
  private static final long LOW_32 = 0xffffffffL;
  private static final int TSC_DEADLINE_MODE = 1 << 18;

  private final LocalApic apic;
  private final long reservedInTimer;
  private long interruptCommand;
  private long value;

  ApicRegisterFile(LocalApic apic, ApicFeatures features) {
    this.apic = apic;
    reservedInTimer = features.tscDeadline() ? 0 : TSC_DEADLINE_MODE;
  }

  void reset() {
    interruptCommand = 0;
  }

  /** The upper half of the ICR does not survive (10.12.5.1). */
  void enterX2apicMode() {
    interruptCommand &= LOW_32;
  }

  /**
   * A load from the page of registers, of up to 8 bytes. Only aligned loads of 32 bits are
   * architectural; others read parts of the register, or zeros behind it.
   */
  public long load(long address, int size) {
    int offset = (int) address & PAGE_BYTES - 1;
    ApicRegister register = ApicRegister.atOffset(offset);
    if (register == null) {
      apic.error(ErrorStatus.ILLEGAL_REGISTER_ADDRESS);
      return 0;
    }
    if (!register.use(false).reads || (offset & 0xf) >= Integer.BYTES) {
      return 0;
    }
    long word = read(register, register.part(offset)) & LOW_32;
    long mask = size >= Integer.BYTES ? LOW_32 : (1L << (size * Byte.SIZE)) - 1;
    return word >>> ((offset & 3) * Byte.SIZE) & mask;
  }

  /** A store to the page of registers; only aligned stores of 32 bits have an effect. */
  public void store(long address, int size, long newValue) {
    int offset = (int) address & PAGE_BYTES - 1;
    ApicRegister register = ApicRegister.atOffset(offset);
    if (register == null) {
      apic.error(ErrorStatus.ILLEGAL_REGISTER_ADDRESS);
      return;
    }
    boolean architectural = size == Integer.BYTES && (offset & 0xf) == 0;
    if (architectural && register.use(false).writes) {
      write(register, register.writable(newValue & LOW_32));
    }
  }

  /**
   * RDMSR of the MSR 800H plus {@code number}.
   *
   * @return false where RDMSR gets #GP(0), true if {@link #value} now holds the MSR
   */
  public boolean readMsr(int number) {
    ApicRegister register = ApicRegister.ofNumber(number);
    if (!apic.isX2apic() || register == null || !register.use(true).reads) {
      return false;
    }
    value =
        register == ApicRegister.INTERRUPT_COMMAND
            ? interruptCommand
            : read(register, register.part(number << 4)) & LOW_32;
    return true;
  }

  /** What the last successful {@link #readMsr} read. */
  public long value() {
    return value;
  }

  /**
   * WRMSR of the MSR 800H plus {@code number}.
   *
   * @return false where WRMSR gets #GP(0)
   */
  public boolean writeMsr(int number, long newValue) {
    ApicRegister register = ApicRegister.ofNumber(number);
    if (!apic.isX2apic()
        || register == null
        || !register.use(true).writes
        || !register.accepts(newValue)
        || (newValue & timerReserved(register)) != 0) {
      return false;
    }
    if (register == ApicRegister.INTERRUPT_COMMAND) {
      command(register.writable(newValue));
    } else {
      write(register, register.writable(newValue));
    }
    return true;
  }

  private void command(long icr) {
    interruptCommand = icr;
    apic.send(icr);
  }

  private int read(ApicRegister register, int part) {
    return switch (register) {
      case ID -> apic.identity().idRegister(apic.isX2apic());
      case VERSION -> VERSION;
      case TASK_PRIORITY -> apic.fixed().taskPriority();
      case ARBITRATION_PRIORITY -> apic.fixed().arbitrationPriority();
      case PROCESSOR_PRIORITY -> apic.fixed().processorPriority();
      case LOGICAL_DESTINATION -> apic.identity().logicalDestination(apic.isX2apic());
      case DESTINATION_FORMAT -> apic.identity().destinationFormat();
      case SPURIOUS_VECTOR -> apic.spuriousVector();
      case IN_SERVICE -> apic.fixed().inService().register(part);
      case TRIGGER_MODE -> apic.fixed().levelTriggered().register(part);
      case INTERRUPT_REQUEST -> apic.fixed().requested().register(part);
      case ERROR_STATUS -> apic.errors().read();
      case INTERRUPT_COMMAND -> (int) interruptCommand;
      case INTERRUPT_COMMAND_HIGH -> (int) (interruptCommand >>> 32);
      case INITIAL_COUNT -> apic.timer().initialCount();
      case CURRENT_COUNT -> apic.timer().currentCount(apic.now());
      case DIVIDE_CONFIGURATION -> apic.timer().divideConfiguration();
      case EOI, REMOTE_READ, SELF_IPI -> 0;
      default -> apic.localVectors().get(Source.of(register));
    };
  }

  /** Writes the writable bits of a register; of the ICR, its lower half. */
  private void write(ApicRegister register, long bits) {
    int word = (int) bits;
    switch (register) {
      case ID -> apic.identity().writeIdRegister(word);
      case TASK_PRIORITY -> apic.setTaskPriority(word);
      case EOI -> apic.endOfInterrupt();
      case LOGICAL_DESTINATION -> apic.identity().writeLogicalDestination(word);
      case DESTINATION_FORMAT -> apic.identity().writeDestinationFormat(word);
      case SPURIOUS_VECTOR -> apic.setSpuriousVector(word);
      case ERROR_STATUS -> apic.errors().write();
      case INTERRUPT_COMMAND -> command((interruptCommand & ~LOW_32) | bits);
      case INTERRUPT_COMMAND_HIGH -> interruptCommand = (interruptCommand & LOW_32) | bits << 32;
      case INITIAL_COUNT -> apic.timer().setInitialCount(word, apic.now());
      case DIVIDE_CONFIGURATION -> apic.timer().setDivideConfiguration(word, apic.now());
      case SELF_IPI -> apic.sendToSelf(word);
      default -> apic.setLocalVector(Source.of(register), (int) (bits & ~timerReserved(register)));
    }
  }

  private long timerReserved(ApicRegister register) {
    return register == ApicRegister.LVT_TIMER ? reservedInTimer : 0;
  }
}
