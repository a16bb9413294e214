package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exceptions and software interrupts: whether they cause a VM exit or go through the guest's IDT
 * ("Exceptions", 25.2), what becomes of a fault during delivery ("Double Fault", 6.15, Table 6-5),
 * and the events that VM entry injects ("Vectored-Event Injection", 26.5.1).
 */
final class EventDelivery {
  static final int DEBUG = 1;
  static final int NMI = 2;
  static final int BREAKPOINT = 3;
  static final int OVERFLOW = 4;
  static final int INVALID_OPCODE = 6;
  static final int DOUBLE_FAULT = 8;
  static final int GENERAL_PROTECTION = 13;
  static final int PAGE_FAULT = 14;

  /** Exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP. */
  static final int WITH_ERROR_CODE =
      1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21;

  /** Contributory exceptions: #DE, #TS, #NP, #SS, #GP, #CP. */
  private static final int CONTRIBUTORY = 1 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 21;

  /** Page-fault class: #PF, and #VE where it exists. */
  private static final int PAGE_FAULT_CLASS = 1 << PAGE_FAULT;

  private final Processor processor;
  private final CpuState state;

  private int delivering;
  private int deliveringErrorCode;
  private int deliveringLength;

  EventDelivery(Processor processor) {
    this.processor = processor;
    state = processor.state();
  }

  /**
   * The event whose delivery through the IDT is under way, in the format of the IDT-vectoring
   * information field, or 0.
   */
  int delivering() {
    return delivering;
  }

  /** The error code of that event. */
  int deliveringErrorCode() {
    return deliveringErrorCode;
  }

  /** The instruction length of that event if software caused it, else 0. */
  int deliveringLength() {
    return deliveringLength;
  }

  /**
   * A VM exit or a nested exception cuts the delivery short. RIP, which had moved past an INT n,
   * INT3 or INTO to become the return address, moves back to it.
   */
  void deliveryEnded() {
    state.rip -= deliveringLength;
    deliveringLength = 0;
    delivering = 0;
  }

  /**
   * Raises a hardware exception at the instruction at RIP.
   *
   * @param errorCode the error code, if the exception has one
   * @param address CR2 for a page fault, the exit-qualification bits for a debug exception
   */
  StepOutcome raise(int vector, int errorCode, long address) {
    int information = vector | VmExit.HARDWARE_EXCEPTION | VmExit.VALID;
    boolean protectedMode = (state.cr0() & CpuState.CR0_PE) != 0;
    if (protectedMode && (WITH_ERROR_CODE >>> vector & 1) != 0) {
      information |= VmExit.ERROR_CODE_VALID;
    }
    if (processor.intercepts().exception(vector, errorCode)) {
      boolean has = vector == PAGE_FAULT || vector == DEBUG;
      long rflags = vector == DEBUG ? state.rflags() : state.rflags() | CpuState.RF;
      return processor
          .vmExit()
          .vectored(
              ExitReason.EXCEPTION_NMI,
              information,
              errorCode,
              has ? in64BitMode(address) : 0,
              rflags);
    }
    if (delivering != 0) {
      int first = delivering;
      deliveryEnded();
      if (isHardware(first, DOUBLE_FAULT)) {
        return tripleFault();
      }
      if (makesDoubleFault(first, vector)) {
        return raise(DOUBLE_FAULT, 0, 0);
      }
    }
    if (vector == PAGE_FAULT) {
      state.cr2 = address;
    }
    return deliver(information, errorCode, 0);
  }

  /**
   * INT3, INTO or INT n, at the instruction at RIP; privilege has been checked.
   *
   * @param type {@link VmExit#SOFTWARE_EXCEPTION} or {@link VmExit#SOFTWARE_INTERRUPT}
   */
  StepOutcome software(int vector, int type, int length) {
    int information = vector | type | VmExit.VALID;
    if (type == VmExit.SOFTWARE_EXCEPTION && processor.intercepts().exception(vector, 0)) {
      processor.controlling().set(VmcsField.VM_EXIT_INSTRUCTION_LENGTH, length);
      return processor
          .vmExit()
          .vectored(ExitReason.EXCEPTION_NMI, information, 0, 0, state.rflags());
    }
    return deliver(information, 0, length);
  }

  /** An external interrupt or NMI that goes through the IDT. */
  StepOutcome interrupt(int vector, int type) {
    return deliver(vector | type | VmExit.VALID, 0, 0);
  }

  /**
   * Delivers the event that VM entry injects; it never causes a VM exit directly (26.5.1.2).
   *
   * @param information the VM-entry interruption-information field, valid
   */
  StepOutcome inject(int information, int errorCode, int instructionLength) {
    int type = information & VmExit.TYPE;
    boolean software =
        type == VmExit.SOFTWARE_INTERRUPT
            || type == VmExit.SOFTWARE_EXCEPTION
            || type == VmExit.PRIVILEGED_SOFTWARE_EXCEPTION;
    return deliver(information, errorCode, software ? instructionLength : 0);
  }

  private StepOutcome deliver(int information, int errorCode, int length) {
    int type = information & VmExit.TYPE;
    boolean interrupt = type == VmExit.EXTERNAL_INTERRUPT || type == VmExit.NMI;
    processor.cycles().guest +=
        processor.costs().of(interrupt ? Cost.INTERRUPT_DELIVERY : Cost.EXCEPTION_DELIVERY);
    boolean nonRoot = processor.inNonRoot();
    state.activity = ActivityState.ACTIVE;
    state.interruptibility &= ~Interruptibility.SHADOW;
    state.rip += length;
    delivering = information;
    deliveringErrorCode = errorCode;
    deliveringLength = length;
    processor
        .guest()
        .deliver(
            processor, information & 0xff, errorCode, (information & VmExit.ERROR_CODE_VALID) != 0);
    deliveringLength = 0;
    delivering = 0;
    return processor.inNonRoot() == nonRoot ? StepOutcome.FAULTED : StepOutcome.EXIT;
  }

  /** An exception on the way to the double-fault handler (25.2; 6.15). */
  private StepOutcome tripleFault() {
    if (processor.inNonRoot()) {
      return processor.vmExit().event(ExitReason.TRIPLE_FAULT);
    }
    state.activity = ActivityState.SHUTDOWN;
    return StepOutcome.FAULTED;
  }

  /** Table 6-5, "Conditions for Generating a Double Fault". */
  private static boolean makesDoubleFault(int first, int second) {
    if ((first & VmExit.TYPE) != VmExit.HARDWARE_EXCEPTION) {
      return false;
    }
    int firstBit = 1 << (first & 0x1f);
    int secondBit = 1 << second;
    boolean secondContributes = (CONTRIBUTORY & secondBit) != 0;
    boolean secondFaults = (PAGE_FAULT_CLASS & secondBit) != 0;
    return ((CONTRIBUTORY & firstBit) != 0 && secondContributes)
        || ((PAGE_FAULT_CLASS & firstBit) != 0 && (secondContributes || secondFaults));
  }

  private static boolean isHardware(int information, int vector) {
    return (information & (VmExit.TYPE | 0xff)) == (VmExit.HARDWARE_EXCEPTION | vector);
  }

  private long in64BitMode(long address) {
    return state.in64BitMode() ? address : address & 0xffffffffL;
  }
}
