package io.vmxsim.cpu;

/**
 * The software that runs on the processor: "advance until exit, event or budget". There are two
 * kinds, execution of machine code and a trace feed; the processor, the VMM and the cost accounting
 * do not know which one they drive.
 */
public interface GuestSide {

  /**
   * Runs until a VM exit, a wait, the end, or until {@code budget} instructions are retired.
   *
   * <p>After a VM exit the guest side resumes at the state's RIP: if root software left it alone,
   * the interrupted instruction is tried again; if it moved it, the instruction is done.
   *
   * @param processor the processor it runs on, in VMX non-root operation or outside VMX operation
   * @param budget instructions to retire at most, positive
   */
  RunOutcome advance(Processor processor, long budget);

  /**
   * The processor has decided to deliver an event through the guest's own interrupt table: control
   * passes to the guest's handler.
   *
   * @param vector 0 to 255
   * @param errorCode pushed if {@code hasErrorCode}
   * @param hasErrorCode whether the event has an error code
   */
  void deliver(Processor processor, int vector, int errorCode, boolean hasErrorCode);

  /**
   * Carries out, on behalf of a VMM, the memory access of the instruction that just caused a VM
   * exit, through {@code port} instead of the processor's own paging. RIP is not moved. Machine
   * code is emulated by {@link io.vmxsim.cpu.execute.Emulator} instead.
   *
   * @return the length of the instruction in bytes (1 to 15), or 0 if it is none that accesses
   *     memory
   */
  default int emulate(Processor processor, GuestPort port) {
    return 0;
  }
}
