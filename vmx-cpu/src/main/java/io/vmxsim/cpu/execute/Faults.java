package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.StepOutcome;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.NotModelledException;

/**
 * Exceptions that the instruction at RIP raises ("Exception and Interrupt Reference", 6.15). Each
 * method has them delivered, or their VM exit made, and returns the signal for the caller to throw.
 */
final class Faults {
  private static final int DIVIDE_ERROR = 0;
  private static final int BOUND_RANGE = 5;
  private static final int INVALID_OPCODE = 6;
  private static final int DEVICE_NOT_AVAILABLE = 7;
  private static final int INVALID_TSS = 10;
  private static final int NOT_PRESENT = 11;
  private static final int STACK = 12;
  private static final int GENERAL_PROTECTION = 13;
  private static final int PAGE_FAULT = 14;
  private static final int FLOATING_POINT = 16;
  private static final int ALIGNMENT_CHECK = 17;
  private static final int SIMD_FLOATING_POINT = 19;
  private static final int X87_ERROR_SUMMARY = 1 << 7;

  /** Error codes: the event was not caused by the program; the selector is a vector of the IDT. */
  static final int EXT = 1;

  static final int IDT = 2;

  private final Processor processor;
  private final Progress progress;
  private final NotCompleted signal = new NotCompleted();

  Faults(Processor processor, Progress progress) {
    this.processor = processor;
    this.progress = progress;
  }

  NotCompleted divideError() {
    return raise(DIVIDE_ERROR, 0);
  }

  NotCompleted boundRange() {
    return raise(BOUND_RANGE, 0);
  }

  NotCompleted invalidOpcode() {
    return raise(INVALID_OPCODE, 0);
  }

  NotCompleted deviceNotAvailable() {
    return raise(DEVICE_NOT_AVAILABLE, 0);
  }

  /**
   * #MF if an unmasked x87 exception is pending; with CR0.NE = 0 that is an interrupt of the board.
   */
  void requireNoX87Error() {
    CpuState state = processor.state();
    if ((state.extended.status & X87_ERROR_SUMMARY) == 0) {
      return;
    }
    if ((state.cr0() & CpuState.CR0_NE) == 0) {
      throw notModelled("x87 errors as interrupts (CR0.NE = 0)");
    }
    throw raise(FLOATING_POINT, 0);
  }

  NotCompleted invalidTss(int errorCode) {
    return raise(INVALID_TSS, errorCode);
  }

  NotCompleted notPresent(int errorCode) {
    return raise(NOT_PRESENT, errorCode);
  }

  NotCompleted stack(int errorCode) {
    return raise(STACK, errorCode);
  }

  NotCompleted generalProtection(int errorCode) {
    return raise(GENERAL_PROTECTION, errorCode);
  }

  /** A debug exception before the instruction at RIP, by breakpoints on its execution. */
  NotCompleted debug(long conditions) {
    progress.abandon();
    return signal.with(processor.raise(1, 0, conditions));
  }

  /** What a translation leads to that was not OK. */
  NotCompleted translation(WalkResult.Status status) {
    progress.abandon();
    return signal.with(processor.memoryAccess().fault(status));
  }

  /** A page fault that a translation in software has found. */
  NotCompleted page(int errorCode, long linear) {
    progress.abandon();
    return signal.with(processor.raise(PAGE_FAULT, errorCode, linear));
  }

  /** An access to the APIC-access page that is not virtualized. */
  NotCompleted apicAccess(long address, int access) {
    progress.abandon();
    CpuState state = processor.state();
    int length = (int) (state.registers[Instruction.RIP] - state.rip);
    return signal.with(processor.apicAccessPage().exit(address, access, length));
  }

  private NotCompleted raise(int vector, int errorCode) {
    progress.abandon();
    int external = isExternal() ? EXT : 0;
    return signal.with(processor.raise(vector, errorCode | external, 0));
  }

  /** Whether an event is being delivered that the program did not ask for: bit EXT (6.13). */
  private boolean isExternal() {
    long delivering = processor.events().delivering();
    return delivering != 0 && !isSoftware(delivering);
  }

  private static boolean isSoftware(long delivering) {
    EventType type = InterruptionInformation.type(delivering);
    return type.isSoftware();
  }

  /** Retires what ran before the instruction at RIP, which is about to look at time or counts. */
  void settle() {
    progress.settle();
  }

  /** Has {@code outcome} of a sensitive instruction thrown unless it is DONE. */
  void require(StepOutcome outcome) {
    progress.require(outcome, signal);
  }

  /** As {@link #require} at the very end of an instruction that ends its block: does not throw. */
  void conclude(StepOutcome outcome) {
    progress.conclude(outcome);
  }

  /** An unmasked SIMD floating-point exception: #XM where software asked for it, else #UD. */
  NotCompleted simdException() {
    boolean asked = (processor.state().cr4() & CpuState.CR4_OSXMMEXCPT) != 0;
    return raise(asked ? SIMD_FLOATING_POINT : INVALID_OPCODE, 0);
  }

  NotCompleted alignmentCheck() {
    return raise(ALIGNMENT_CHECK, 0);
  }

  /**
   * Leaves a string instruction between two iterations. RF is set, so that what interrupts it
   * pushes it set, and it is one instruction to breakpoints on its execution (17.3.1.1).
   */
  NotCompleted pause() {
    progress.abandon();
    CpuState state = processor.state();
    state.setRflags(state.rflags() | CpuState.RF);
    return signal.with(StepOutcome.DONE);
  }

  /** Something that is not modelled. */
  NotModelledException notModelled(String feature) {
    progress.abandon();
    return new NotModelledException(feature, processor.state().rip);
  }
}
