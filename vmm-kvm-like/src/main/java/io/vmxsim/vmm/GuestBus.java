package io.vmxsim.vmm;

import io.vmxsim.cpu.board.MemoryDevice;
import io.vmxsim.cpu.board.PortDevice;
import io.vmxsim.ept.PhysicalMemory;

/**
 * What the VMM reaches in its guest's place, by guest-physical addresses and ports: memory, and
 * devices where there is none.
 */
final class GuestBus implements MemoryDevice, PortDevice {
  private final Vm vm;
  private final DeviceModel devices;
  private final GuestWrites observer;
  private boolean userspace;

  /**
   * @param observer told of writes to memory
   */
  GuestBus(Vm vm, DeviceModel devices, GuestWrites observer) {
    this.vm = vm;
    this.devices = devices;
    this.observer = observer;
  }

  /** Whether a device in user space was reached since this was last asked: the leg is now taken. */
  boolean takeUserspaceLeg() {
    boolean reached = userspace;
    userspace = false;
    return reached;
  }

  /** Reads {@code size} bytes, 1 to 8, all in one page; of a device 1, 2, 4 or 8. */
  @Override
  public long read(long guestPhysical, int size) {
    if (!vm.hasMemory(guestPhysical)) {
      userspace |= !devices.isInKernel(guestPhysical);
      return devices.load(guestPhysical, size);
    }
    PhysicalMemory memory = vm.memory();
    long host = vm.toHost(guestPhysical);
    if (size == 8) {
      return memory.read64(host);
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (long) memory.read8(host + i) << (Byte.SIZE * i);
    }
    return value;
  }

  /** Writes {@code size} bytes, as {@link #read} reads them. */
  @Override
  public void write(long guestPhysical, int size, long value) {
    if (!vm.hasMemory(guestPhysical)) {
      userspace |= !devices.isInKernel(guestPhysical);
      devices.store(guestPhysical, size, value);
      return;
    }
    PhysicalMemory memory = vm.memory();
    long host = vm.toHost(guestPhysical);
    if (size == 8) {
      memory.write64(host, value);
    } else {
      for (int i = 0; i < size; i++) {
        memory.write8(host + i, (int) (value >>> (Byte.SIZE * i)));
      }
    }
    observer.wrote(guestPhysical, size);
  }

  /** IN of {@code size} bytes, 1, 2 or 4. */
  @Override
  public int in(int port, int size) {
    userspace |= !devices.isInKernel(port);
    return (int) devices.in(port, size);
  }

  /** OUT of {@code size} bytes, 1, 2 or 4. */
  @Override
  public void out(int port, int size, int value) {
    userspace |= !devices.isInKernel(port);
    devices.out(port, size, Integer.toUnsignedLong(value));
  }

  @Override
  public int widest() {
    return Integer.BYTES;
  }
}
