package io.vmxsim.vmm;

import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.board.Bus;

/**
 * The devices of a machine's board and the local APIC of one virtual processor. As in KVM the
 * interrupt controllers and the interval timer are in the kernel.
 */
final class BoardDevices implements DeviceModel {
  private static final long IO_APIC = 0xfec0_0000L;

  private final Bus bus;
  private final LocalApic apic;

  BoardDevices(Bus bus, LocalApic apic) {
    this.bus = bus;
    this.apic = apic;
  }

  /** The 8259 pair, the 8254 with the port that reads it back, and the edge-level registers. */
  @Override
  public boolean isInKernel(int port) {
    return switch (port) {
      case 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61 -> true;
      default -> false;
    };
  }

  @Override
  public boolean isInKernel(long guestPhysical) {
    return apic.isMapped(guestPhysical) || guestPhysical >>> 12 == IO_APIC >>> 12;
  }

  @Override
  public long in(int port, int size) {
    return bus.in(port, size);
  }

  @Override
  public void out(int port, int size, long value) {
    bus.out(port, size, (int) value);
  }

  @Override
  public long load(long guestPhysical, int size) {
    return apic.isMapped(guestPhysical)
        ? apic.registers().load(guestPhysical, size)
        : bus.read(guestPhysical, size);
  }

  @Override
  public void store(long guestPhysical, int size, long value) {
    if (apic.isMapped(guestPhysical)) {
      apic.registers().store(guestPhysical, size, value);
    } else {
      bus.write(guestPhysical, size, value);
    }
  }
}
