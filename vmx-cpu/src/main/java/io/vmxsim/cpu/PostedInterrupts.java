package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/** "Posted-Interrupt Processing" (29.6). */
final class PostedInterrupts {
  /** Bytes of the posted-interrupt requests in front of the descriptor (Table 29-1). */
  private static final int REQUEST_BYTES = 32;

  private static final int OUTSTANDING_NOTIFICATION = 1;

  private final Processor processor;

  PostedInterrupts(Processor processor) {
    this.processor = processor;
  }

  /** Whether external interrupts are looked at for the notification vector. */
  boolean isOn() {
    return processor.intercepts().on(PinControl.PROCESS_POSTED_INTERRUPTS);
  }

  /** Whether an acknowledged interrupt is the notification of posted ones. */
  boolean isNotification(int vector) {
    Vmcs vmcs = processor.controlling();
    return vector == vmcs.get(VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR);
  }

  /** Steps 3 to 7, after the acknowledgement of a notification. */
  void process() {
    long descriptor = processor.controlling().get(VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS);
    PhysicalMemory memory = processor.memory();
    long flags = descriptor + REQUEST_BYTES;
    memory.write8(flags, memory.read8(flags) & ~OUTSTANDING_NOTIFICATION);
    LocalApic apic = processor.localApic();
    if (apic != null) {
      apic.endOfInterrupt();
    }
    for (int at = 0; at < REQUEST_BYTES; at += Long.BYTES) {
      long requests = memory.read64(descriptor + at);
      memory.write64(descriptor + at, 0);
      processor.virtualApic().post(at * Byte.SIZE, requests);
    }
    processor.virtualApic().evaluate();
  }
}
