package io.vmxsim.cpu;

/**
 * The kernel around user-level traces: it answers events, and the ends of streams, by appending the
 * actions its handlers would perform. Everything it does goes through the processor like any other
 * guest action; it touches nothing directly.
 */
public interface GuestKernel {

  /**
   * An event arrived. The feed has already switched to CPL 0 with interrupts off; the handler's
   * actions end with {@link ActionKind#IRET}.
   *
   * @param vector 0 to 255
   * @param errorCode the error code, 0 if the event has none
   * @param cr2 the faulting linear address if the vector is 14
   * @param handler where to append the handler's actions; empty on entry
   */
  void deliver(int vector, int errorCode, long cr2, ActionBatch handler);

  /**
   * The {@link #current} stream has nothing more to run, which is so at the very beginning and
   * whenever a process has ended. Called again and again until the current stream has something or
   * this returns false; a long piece of work may be handed out in parts. The part that returns to
   * user level ends with {@link ActionKind#IRET}.
   *
   * @param handler where to append what the kernel does, at CPL 0 with interrupts off; empty on
   *     entry
   * @return false when all streams have ended and the kernel has nothing more to do
   */
  boolean next(ActionBatch handler);

  /** The stream that runs at user level, asked for after every handler. */
  ActionStream current();
}
