package io.vmxsim.cpu.apic;

/**
 * Which fixed interrupts have been requested, which are in service, and which is next: "Task and
 * Processor Priorities", 10.8.3.1, and "Interrupt Acceptance for Fixed Interrupts", 10.8.4.
 */
final class FixedInterrupts {
  private static final int CLASS = 0xf0;

  private final VectorSet requested = new VectorSet();
  private final VectorSet inService = new VectorSet();
  private final VectorSet levelTriggered = new VectorSet();
  private int taskPriority;

  /** The vector that the processor is offered, or -1: known at any time, for it is often asked. */
  private int offered = -1;

  VectorSet requested() {
    return requested;
  }

  VectorSet inService() {
    return inService;
  }

  VectorSet levelTriggered() {
    return levelTriggered;
  }

  int taskPriority() {
    return taskPriority;
  }

  void setTaskPriority(int priority) {
    taskPriority = priority;
    update();
  }

  /** The PPR; of two priorities of one class, the task priority's sub-class shows. */
  int processorPriority() {
    int serving = Math.max(inService.highest(), 0);
    return (taskPriority & CLASS) >= (serving & CLASS) ? taskPriority : serving & CLASS;
  }

  /** The APR ("Lowest Priority Delivery Mode", 10.6.2.4). */
  int arbitrationPriority() {
    int task = taskPriority & CLASS;
    int serving = Math.max(inService.highest(), 0) & CLASS;
    int waiting = Math.max(requested.highest(), 0) & CLASS;
    return task >= waiting && task > serving ? taskPriority : Math.max(task & serving, waiting);
  }

  /** Sets the request bit, and the trigger mode that came with the request. */
  void request(int vector, boolean level) {
    requested.add(vector);
    if (level) {
      levelTriggered.add(vector);
    } else {
      levelTriggered.remove(vector);
    }
    update();
  }

  /** The vector that outranks what the processor is doing, or -1. */
  int offered() {
    return offered;
  }

  /** The offered interrupt goes into service. */
  int acknowledge() {
    int vector = offered;
    if (vector >= 0) {
      requested.remove(vector);
      inService.add(vector);
      update();
    }
    return vector;
  }

  /**
   * The end of the highest interrupt in service.
   *
   * @return its vector, or -1 if none is in service
   */
  int end() {
    int vector = inService.highest();
    if (vector >= 0) {
      inService.remove(vector);
      update();
    }
    return vector;
  }

  void reset() {
    requested.clear();
    inService.clear();
    levelTriggered.clear();
    taskPriority = 0;
    update();
  }

  private void update() {
    int vector = requested.highest();
    offered = vector >= 0 && (vector & CLASS) > (processorPriority() & CLASS) ? vector : -1;
  }
}
