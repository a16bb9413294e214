package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.EventDelivery;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.apic.InterruptController;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * What the VMM has to deliver to its guest, and its delivery by VM entry: SDM "Event Injection"
 * (26.5). One exception, or an event whose delivery an exit cut short, goes first; then an NMI;
 * then the most urgent interrupt, or a window is asked for if the guest cannot take it.
 */
final class EventInjection {
  /** Interruptibility state, Table 24-3. */
  static final long BLOCKED_BY_STI_OR_MOV_SS = Interruptibility.STI | Interruptibility.MOV_SS;

  private static final long VALID = 1L << 31;
  private static final long HAS_ERROR_CODE = 1 << 11;
  private static final long HARDWARE_EXCEPTION = 3 << 8;
  private static final long TYPE = 7 << 8;
  private static final long NMI = 2 << 8 | EventDelivery.NMI;
  private static final long SOFTWARE = 1 << 10; // types 4 to 6, which have an instruction length

  /** Interruption information that VM entry takes: bit 12 (NMI unblocking) is not for it. */
  private static final long INJECTABLE = VALID | HAS_ERROR_CODE | TYPE | 0xff;

  /**
   * Faults of instructions that exited, whose exit saved RF as 0: #UD, #NM, #TS, #NP, #SS, #GP. A
   * fault pushes it as 1 ("Instruction-Breakpoint Exception Condition", 17.3.1.1).
   */
  private static final int PUSH_RF = 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13;

  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final CpuState state;
  private final InterruptController controller;
  private final boolean pushesFlags;
  private long event;
  private long errorCode;
  private boolean nmi;
  private boolean windowAsked;
  private boolean nmiWindowAsked;

  /**
   * @param state the processor's, which holds CR2
   * @param controller where the guest's interrupts wait
   * @param pushesFlags whether the guest is machine code, which sees the flags that it is given
   */
  EventInjection(
      CurrentVmcs vmcs,
      GuestControlRegisters control,
      CpuState state,
      InterruptController controller,
      boolean pushesFlags) {
    this.vmcs = vmcs;
    this.control = control;
    this.state = state;
    this.controller = controller;
    this.pushesFlags = pushesFlags;
  }

  /** The guest gets a page fault; CR2, which the VMCS does not hold, is set here. */
  HandlerOutcome pageFault(long linear, int code) {
    state.cr2 = linear;
    return exception(EventDelivery.PAGE_FAULT, code);
  }

  /**
   * The guest gets a hardware exception at the instruction that exited; in the middle of the
   * delivery of another event perhaps a double fault ("Double Fault Exception", 6.15).
   *
   * @return STOP if the guest shuts down instead
   */
  HandlerOutcome exception(int vector, int code) {
    if (pushesFlags && (PUSH_RF >>> vector & 1) != 0) {
      long rflags = vmcs.read(VmcsField.GUEST_RFLAGS);
      if ((rflags & CpuState.RF) == 0) {
        vmcs.write(VmcsField.GUEST_RFLAGS, rflags | CpuState.RF);
      }
    }
    int raised = vector;
    int raisedCode = code;
    if (event != 0) {
      if (EventDelivery.isHardware(event, EventDelivery.DOUBLE_FAULT)) {
        return HandlerOutcome.STOP;
      }
      if (EventDelivery.makesDoubleFault(event, vector)) {
        raised = EventDelivery.DOUBLE_FAULT;
        raisedCode = 0;
      }
    }
    boolean protectedMode = (control.state().cr0() & CpuState.CR0_PE) != 0; // else without codes
    boolean hasCode = protectedMode && (EventDelivery.WITH_ERROR_CODE >>> raised & 1) != 0;
    event = VALID | HARDWARE_EXCEPTION | (hasCode ? HAS_ERROR_CODE : 0) | raised;
    errorCode = raisedCode & 0xffff_ffffL;
    return HandlerOutcome.RESUME;
  }

  /** The guest gets an NMI as soon as it can take it. */
  void nmi() {
    nmi = true;
  }

  /** Whether something waits for the guest that has not asked for a window yet. */
  boolean isUrgent() {
    return (controller.hasInterrupt() && !windowAsked) || (nmi && !nmiWindowAsked && !windowAsked);
  }

  /** Whether an interrupt or NMI waits that ends the wait of a guest with that RFLAGS.IF. */
  boolean endsWait(boolean interruptible) {
    return nmi || (interruptible && controller.hasInterrupt());
  }

  /** Forgets all that waits but interrupts: an INIT has come. */
  void reset() {
    event = 0;
    nmi = false;
  }

  /** After an exit: an event whose delivery it cut short is due again. */
  void takeInterrupted() {
    long vectoring = vmcs.read(VmcsField.IDT_VECTORING_INFORMATION);
    if ((vectoring & VALID) == 0) {
      return;
    }
    event = vectoring & INJECTABLE;
    if ((event & TYPE) == (NMI & TYPE)) { // it blocks NMIs from its delivery on
      long blocking = vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
      vmcs.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, blocking & ~Interruptibility.NMI);
    }
    if ((event & HAS_ERROR_CODE) != 0) {
      errorCode = vmcs.read(VmcsField.IDT_VECTORING_ERROR_CODE);
    }
    if ((event & SOFTWARE) != 0) {
      long length = vmcs.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH);
      vmcs.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, length);
    }
  }

  /** Whether an exception, or an event whose delivery was cut short, goes before all others. */
  boolean hasEvent() {
    return event != 0;
  }

  /** Somebody else delivers the event whose delivery an exit cut short. */
  void dropInterrupted() {
    event = 0;
  }

  /**
   * Takes the event that software delivers to a guest of that state now; 0 if none is due.
   *
   * @param interruptibility the guest's blocking, Table 24-3
   * @return as the VM-entry interruption-information field has it; {@link #errorCode} belongs to it
   */
  long take(boolean interruptible, int interruptibility) {
    long due = event;
    boolean shadow = (interruptibility & BLOCKED_BY_STI_OR_MOV_SS) != 0;
    if (due != 0) {
      event = 0;
    } else if (nmi && !shadow && (interruptibility & Interruptibility.NMI) == 0) {
      nmi = false;
      due = VALID | NMI;
    } else if (interruptible && !shadow && controller.hasInterrupt()) {
      due = VALID | controller.acknowledge();
    }
    return due;
  }

  /** The error code of the event that was taken, if it has one. */
  int errorCode() {
    return (int) errorCode;
  }

  /** Before an entry: has it inject the event that is due. */
  void beforeEntry() {
    if (event != 0) {
      inject(event);
      event = 0;
    } else if (nmi && canTakeNmi()) {
      inject(VALID | NMI);
      nmi = false;
    } else if (controller.hasInterrupt() && canTakeInterrupt()) {
      inject(VALID | controller.acknowledge());
    }
    askForWindows();
  }

  /**
   * An NMI cannot be injected behind STI, where an NMI window would be open: an interrupt window is
   * asked for instead, as in KVM.
   */
  private void askForWindows() {
    boolean behindSti = nmi && (blocking() & Interruptibility.STI) != 0;
    boolean window = controller.hasInterrupt() || behindSti;
    if (window != windowAsked) {
      vmcs.set(PrimaryControl.INTERRUPT_WINDOW_EXITING, window);
      windowAsked = window;
    }
    boolean nmiWindow = nmi && !behindSti;
    if (nmiWindow != nmiWindowAsked) {
      vmcs.set(PrimaryControl.NMI_WINDOW_EXITING, nmiWindow);
      nmiWindowAsked = nmiWindow;
    }
  }

  private long blocking() {
    return vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
  }

  private boolean canTakeNmi() {
    return (blocking() & (Interruptibility.NMI | BLOCKED_BY_STI_OR_MOV_SS)) == 0;
  }

  private void inject(long information) {
    if ((information & HAS_ERROR_CODE) != 0) {
      vmcs.write(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, errorCode);
    }
    vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, information);
  }

  private boolean canTakeInterrupt() {
    return (vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.IF) != 0
        && (blocking() & BLOCKED_BY_STI_OR_MOV_SS) == 0;
  }
}
