package io.vmxsim.cpu;

/**
 * The kernel around a user-level trace: it answers events by appending the actions its handlers
 * would perform. Everything it does goes through the processor like any other guest action; it
 * touches nothing directly.
 */
public interface GuestKernel {

  /**
   * An event arrived. The feed has already switched to CPL 0 with interrupts off; the handler's
   * actions must end with {@link ActionKind#IRET}.
   *
   * @param vector 0 to 255
   * @param errorCode the error code, 0 if the event has none
   * @param cr2 the faulting linear address if the vector is 14
   * @param handler where to append the handler's actions; empty on entry
   */
  void deliver(int vector, int errorCode, long cr2, ActionBatch handler);

  /**
   * The user-level stream that was running has ended.
   *
   * @param handler where to append what the kernel does about it (leave the process, switch to
   *     another); empty on entry
   * @return whether there is anything left to run afterwards
   */
  boolean ended(ActionBatch handler);

  /**
   * The stream the feed runs once the kernel has returned to user level, asked for after every
   * handler.
   */
  ActionStream current();
}
