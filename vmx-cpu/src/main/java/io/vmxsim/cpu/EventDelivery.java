package io.vmxsim.cpu;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exceptions and software interrupts: whether they cause a VM exit or go through the guest's IDT
 * ("Exceptions", 25.2), what becomes of a fault during delivery ("Double Fault", 6.15, Table 6-5),
 * and the events that VM entry injects ("Vectored-Event Injection", 26.5.1).
 */
public final class EventDelivery {
  public static final int DEBUG = 1;
  public static final int NMI = 2;
  static final int BREAKPOINT = 3;
  static final int OVERFLOW = 4;
  public static final int INVALID_OPCODE = 6;
  public static final int DOUBLE_FAULT = 8;
  public static final int GENERAL_PROTECTION = 13;
  public static final int PAGE_FAULT = 14;

  /** Exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP. */
  public static final int WITH_ERROR_CODE =
      1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21;

  /** Contributory exceptions: #DE, #TS, #NP, #SS, #GP, #CP. */
  private static final int CONTRIBUTORY = 1 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 21;

  /** Page-fault class: #PF and #VE. */
  private static final int PAGE_FAULT_CLASS = 1 << PAGE_FAULT | 1 << 20;

  private final Processor processor;
  private final CpuState state;

  private final FaultChain chain = new FaultChain();
  private long delivering;
  private int deliveringErrorCode;
  private int deliveringLength;
  private long deliveringData;
  private boolean stiBlocked;
  private boolean injecting;

  EventDelivery(Processor processor) {
    this.processor = processor;
    state = processor.state();
  }

  /**
   * The event whose delivery through the IDT is under way, in the format of the IDT-vectoring
   * information field, or 0.
   */
  public long delivering() {
    return delivering;
  }

  /** The event delivered last, and what its delivery met. */
  public FaultChain chain() {
    return chain;
  }

  /** The error code of that event. */
  int deliveringErrorCode() {
    return deliveringErrorCode;
  }

  /** The instruction length of that event if software caused it, else 0. */
  public int deliveringLength() {
    return deliveringLength;
  }

  /** What a FRED delivery tells of that event: CR2 of a page fault, why a debug exception. */
  public long deliveringData() {
    return deliveringData;
  }

  /** Whether STI blocked interrupts when that event happened. */
  public boolean wasStiBlocking() {
    return stiBlocked;
  }

  /** Whether VM entry injects that event. */
  public boolean isInjecting() {
    return injecting;
  }

  /**
   * A VM exit or a nested exception cuts the delivery short. RIP, which had moved past an INT n,
   * INT3 or INTO to become the return address, moves back to it.
   */
  void deliveryEnded() {
    injecting = false;
    state.rip -= deliveringLength;
    deliveringLength = 0;
    delivering = 0;
  }

  /**
   * The event being delivered has happened. RIP is the new task's; there is no instruction to go
   * back to.
   */
  public void committed() {
    deliveringLength = 0;
  }

  /**
   * Raises a hardware exception at the instruction at RIP.
   *
   * @param errorCode the error code, if the exception has one
   * @param address CR2 for a page fault, the exit-qualification bits for a debug exception
   */
  StepOutcome raise(int vector, int errorCode, long address) {
    boolean protectedMode = (state.cr0() & CpuState.CR0_PE) != 0;
    boolean hasErrorCode = protectedMode && (WITH_ERROR_CODE >>> vector & 1) != 0;
    long information =
        InterruptionInformation.encode(vector, EventType.HARDWARE_EXCEPTION, hasErrorCode);
    if (delivering != 0 && vector != DOUBLE_FAULT && state.usesFred()) {
      information = InterruptionInformation.withNested(information);
    }
    long reported = vector == DEBUG ? processor.debug().take(address) : address;
    if (processor.intercepts().exception(vector, errorCode)) {
      boolean has = vector == PAGE_FAULT || vector == DEBUG;
      long rflags = vector == DEBUG ? state.rflags() : state.rflags() | CpuState.RF;
      return processor
          .vmExit()
          .vectored(
              ExitReason.EXCEPTION_NMI,
              information,
              errorCode,
              has ? in64BitMode(reported) : 0,
              rflags);
    }
    if (delivering != 0) {
      long first = delivering;
      deliveryEnded();
      if (isHardware(first, DOUBLE_FAULT)) {
        chain.add(information, errorCode, address, state.rip);
        return tripleFault();
      }
      if (makesDoubleFault(first, vector)) {
        chain.add(information, errorCode, address, state.rip);
        return raise(DOUBLE_FAULT, 0, 0);
      }
    }
    if (vector == PAGE_FAULT) {
      state.cr2 = reported;
    } else if (vector == DEBUG) {
      processor.debug().record(reported);
    }
    boolean tells = vector == PAGE_FAULT || vector == DEBUG;
    return deliver(information, errorCode, 0, tells ? reported : 0);
  }

  /**
   * INT1, INT3, INTO or INT n, at the instruction at RIP; privilege has been checked.
   *
   * @param type the one of {@link EventType#isSoftware} that the instruction is
   */
  StepOutcome software(int vector, EventType type, int length) {
    long information = InterruptionInformation.encode(vector, type, false);
    boolean interrupt = type == EventType.SOFTWARE_INTERRUPT;
    long conditions = vector == DEBUG && !interrupt ? processor.debug().take(0) : 0;
    if (!interrupt && processor.intercepts().exception(vector, 0)) {
      processor.controlling().set(VmcsField.VM_EXIT_INSTRUCTION_LENGTH, length);
      return processor
          .vmExit()
          .vectored(ExitReason.EXCEPTION_NMI, information, 0, conditions, state.rflags());
    }
    if (vector == DEBUG && !interrupt) {
      processor.debug().record(conditions);
    }
    return deliver(information, 0, length, conditions);
  }

  /** SYSCALL or SYSENTER as events 1 and 2, where FRED delivers them. */
  StepOutcome systemCall(int number, int length) {
    return deliver(
        InterruptionInformation.encode(number, EventType.OTHER_EVENT, false), 0, length, 0);
  }

  /** An external interrupt or NMI, or what a VMM would inject, that goes through the IDT. */
  StepOutcome interrupt(int vector, EventType type) {
    return deliver(InterruptionInformation.encode(vector, type, false), 0, 0, 0);
  }

  /**
   * Delivers the event that VM entry injects; it never causes a VM exit directly (26.5.1.2).
   *
   * @param information the VM-entry interruption-information field, valid
   * @param data the injected-event data, for a FRED delivery
   */
  StepOutcome inject(long information, int errorCode, int instructionLength, long data) {
    EventType type = InterruptionInformation.type(information);
    boolean called = type.isSoftware() || type == EventType.OTHER_EVENT;
    injecting = true;
    StepOutcome outcome = deliver(information, errorCode, called ? instructionLength : 0, data);
    injecting = false;
    return outcome;
  }

  private StepOutcome deliver(long information, int errorCode, int length, long data) {
    EventType type = InterruptionInformation.type(information);
    boolean interrupt =
        type == EventType.EXTERNAL_INTERRUPT || type == EventType.NON_MASKABLE_INTERRUPT;
    processor.cycles().guest +=
        processor.costs().of(interrupt ? Cost.INTERRUPT_DELIVERY : Cost.EXCEPTION_DELIVERY);
    boolean nonRoot = processor.inNonRoot();
    chain.add(information, errorCode, state.cr2, state.rip);
    chain.enter();
    processor.pending().iretEnds();
    state.activity = ActivityState.ACTIVE;
    stiBlocked = (state.interruptibility & Interruptibility.STI) != 0;
    state.interruptibility &= ~Interruptibility.SHADOW;
    state.rip += length;
    delivering = information;
    deliveringErrorCode = errorCode;
    deliveringLength = length;
    deliveringData = data;
    processor
        .guest()
        .deliver(
            processor,
            InterruptionInformation.vector(information),
            errorCode,
            InterruptionInformation.hasErrorCode(information));
    deliveringLength = 0;
    delivering = 0;
    chain.leave();
    if (processor.inNonRoot() != nonRoot) {
      return StepOutcome.EXIT;
    }
    processor.pending().delivered();
    return StepOutcome.FAULTED;
  }

  /** An exception on the way to the double-fault handler (25.2; 6.15). */
  private StepOutcome tripleFault() {
    if (processor.inNonRoot()) {
      return processor.vmExit().event(ExitReason.TRIPLE_FAULT);
    }
    state.activity = ActivityState.SHUTDOWN;
    return StepOutcome.FAULTED;
  }

  /**
   * Table 6-5, "Conditions for Generating a Double Fault".
   *
   * @param first the event that was being delivered, as IDT-vectoring information has it
   * @param second the vector of the exception that its delivery met
   */
  public static boolean makesDoubleFault(long first, int second) {
    if (InterruptionInformation.type(first) != EventType.HARDWARE_EXCEPTION) {
      return false;
    }
    int firstBit = 1 << InterruptionInformation.vector(first);
    int secondBit = 1 << second;
    boolean secondContributes = (CONTRIBUTORY & secondBit) != 0;
    boolean secondFaults = (PAGE_FAULT_CLASS & secondBit) != 0;
    return ((CONTRIBUTORY & firstBit) != 0 && secondContributes)
        || ((PAGE_FAULT_CLASS & firstBit) != 0 && (secondContributes || secondFaults));
  }

  /** Whether {@code information} is the hardware exception with that vector. */
  public static boolean isHardware(long information, int vector) {
    return InterruptionInformation.type(information) == EventType.HARDWARE_EXCEPTION
        && InterruptionInformation.vector(information) == vector;
  }

  private long in64BitMode(long address) {
    return state.in64BitMode() ? address : address & 0xffffffffL;
  }
}
