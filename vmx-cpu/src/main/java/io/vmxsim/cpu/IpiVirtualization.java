package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * "IPI Virtualization" (32.1.6, June 2026): what guest software sends through its interrupt-command
 * register is posted to the virtual processor that it names, if a table of the VMM's knows that
 * one. Everything else is an APIC-write VM exit.
 */
final class IpiVirtualization {
  /** Bits of a command that must be 0: it is fixed, edge-triggered, physical and not shorthand. */
  private static final int NOT_VIRTUALIZED = 0xffffbf00;

  private static final int FIRST_LEGAL_VECTOR = 16;

  /** Bits 5:0 of an entry of the PID-pointer table; valid alone. */
  private static final int FORMAT = 0x3f;

  private static final int VALID = 1;

  /** Offset and bits of the notification part of a posted-interrupt descriptor (Table 29-1). */
  private static final int NOTIFICATION = 32;

  private static final int OUTSTANDING = 1;
  private static final int SUPPRESSED = 2;

  private final Processor processor;

  IpiVirtualization(Processor processor) {
    this.processor = processor;
  }

  /**
   * A write to the interrupt-command register has completed.
   *
   * @param command the lower half of the register
   * @param destination the APIC ID in its upper half, 8 or 32 bits
   */
  StepOutcome send(int command, int destination) {
    int vector = command & 0xff;
    if ((command & NOT_VIRTUALIZED) != 0 || vector < FIRST_LEGAL_VECTOR) {
      return exit();
    }
    Vmcs vmcs = processor.controlling();
    long index = Integer.toUnsignedLong(destination);
    if (index > vmcs.get(VmcsField.LAST_PID_POINTER_INDEX)) {
      return exit();
    }
    PhysicalMemory memory = processor.memory();
    long entry = memory.read64(vmcs.get(VmcsField.PID_POINTER_TABLE_ADDRESS) + 8 * index);
    if ((entry & FORMAT) != VALID || entry >>> memory.addressBits() != 0) {
      return exit();
    }
    post(entry & ~FORMAT, vector);
    return StepOutcome.DONE;
  }

  private StepOutcome exit() {
    return processor.vmExit().event(ExitReason.APIC_WRITE, VirtualApic.VICR_LOW);
  }

  private void post(long descriptor, int vector) {
    PhysicalMemory memory = processor.memory();
    long request = descriptor + vector / Byte.SIZE;
    memory.write8(request, memory.read8(request) | 1 << (vector % Byte.SIZE));
    long notification = memory.read64(descriptor + NOTIFICATION);
    if ((notification & (OUTSTANDING | SUPPRESSED)) != 0) {
      return;
    }
    memory.write64(descriptor + NOTIFICATION, notification | OUTSTANDING);
    LocalApic apic = processor.localApic();
    if (apic != null) {
      apic.notifyPosted((int) (notification >>> 32), (int) (notification >>> 16) & 0xff);
    }
  }
}
