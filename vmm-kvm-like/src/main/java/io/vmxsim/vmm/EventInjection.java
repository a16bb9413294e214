package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * What the VMM has to deliver to its guest, and its delivery by VM entry: SDM "Event Injection"
 * (26.5). One exception, or an event whose delivery an exit cut short, goes first; then the highest
 * of the pending interrupts, or an interrupt window is asked for if the guest cannot take it.
 */
final class EventInjection {
  /** Interruptibility state, Table 24-3. */
  static final long BLOCKED_BY_STI_OR_MOV_SS = Interruptibility.STI | Interruptibility.MOV_SS;

  private static final long VALID = 1L << 31;
  private static final long HAS_ERROR_CODE = 1 << 11;
  private static final long HARDWARE_EXCEPTION = 3 << 8;
  private static final long TYPE = 7 << 8;
  private static final long SOFTWARE = 1 << 10; // types 4 to 6, which have an instruction length

  /** Interruption information that VM entry takes: bit 12 (NMI unblocking) is not for it. */
  private static final long INJECTABLE = VALID | HAS_ERROR_CODE | TYPE | 0xff;

  /** Exceptions with an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
  private static final int WITH_ERROR_CODE =
      1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17;

  private final CurrentVmcs vmcs;
  private final long[] interrupts = new long[4];
  private long event;
  private long errorCode;
  private boolean windowAsked;

  EventInjection(CurrentVmcs vmcs) {
    this.vmcs = vmcs;
  }

  /** The guest gets a hardware exception at its next instruction. */
  void exception(int vector, int code) {
    if (event != 0) {
      throw new NotModelledException("an exception while another event is being delivered");
    }
    boolean hasCode = (WITH_ERROR_CODE >>> vector & 1) != 0;
    event = VALID | HARDWARE_EXCEPTION | (hasCode ? HAS_ERROR_CODE : 0) | vector;
    errorCode = code & 0xffff_ffffL;
  }

  /** The guest gets an external interrupt as soon as it can take it. */
  void interrupt(int vector) {
    interrupts[vector >>> 6] |= 1L << vector;
  }

  /** Whether an interrupt waits for the guest. */
  boolean interruptPending() {
    return (interrupts[0] | interrupts[1] | interrupts[2] | interrupts[3]) != 0;
  }

  /** After an exit: an event whose delivery it cut short is due again. */
  void takeInterrupted() {
    long vectoring = vmcs.read(VmcsField.IDT_VECTORING_INFORMATION);
    if ((vectoring & VALID) == 0) {
      return;
    }
    event = vectoring & INJECTABLE;
    if ((event & HAS_ERROR_CODE) != 0) {
      errorCode = vmcs.read(VmcsField.IDT_VECTORING_ERROR_CODE);
    }
    if ((event & SOFTWARE) != 0) {
      long length = vmcs.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH);
      vmcs.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, length);
    }
  }

  /** Before an entry: has it inject the event that is due. */
  void beforeEntry() {
    boolean window = false;
    if (event != 0) {
      inject(event);
      event = 0;
      window = interruptPending();
    } else if (interruptPending()) {
      window = !canTakeInterrupt();
      if (!window) {
        inject(VALID | takeHighest());
        window = interruptPending();
      }
    }
    if (window != windowAsked) {
      vmcs.set(PrimaryControl.INTERRUPT_WINDOW_EXITING, window);
      windowAsked = window;
    }
  }

  private void inject(long information) {
    if ((information & HAS_ERROR_CODE) != 0) {
      vmcs.write(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, errorCode);
    }
    vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, information);
  }

  private boolean canTakeInterrupt() {
    return (vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.IF) != 0
        && (vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE) & BLOCKED_BY_STI_OR_MOV_SS) == 0;
  }

  private int takeHighest() {
    int word = interrupts.length - 1;
    while (interrupts[word] == 0) {
      word--;
    }
    int bit = Long.SIZE - 1 - Long.numberOfLeadingZeros(interrupts[word]);
    interrupts[word] &= ~(1L << bit);
    return word << 6 | bit;
  }
}
