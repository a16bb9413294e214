package io.vmxsim.vmm;

/** The devices that a guest finds at ports and at addresses without memory. */
public interface DeviceModel {
  /** No devices: reads give all ones, writes are lost, as on a bus with nobody at the address. */
  DeviceModel NONE =
      new DeviceModel() {
        @Override
        public long in(int port, int size) {
          return -1;
        }

        @Override
        public void out(int port, int size, long value) {}

        @Override
        public long load(long guestPhysical, int size) {
          return -1;
        }

        @Override
        public void store(long guestPhysical, int size, long value) {}
      };

  /** Whether the device at a port is the VMM's own; else it is in user space, a round trip away. */
  default boolean isInKernel(int port) {
    return false;
  }

  /** The same of the device at a guest-physical address. */
  default boolean isInKernel(long guestPhysical) {
    return false;
  }

  /** IN of {@code size} bytes (1, 2 or 4); bits above the size are ignored. */
  long in(int port, int size);

  /** OUT of {@code size} bytes (1, 2 or 4). */
  void out(int port, int size, long value);

  /** A load of {@code size} bytes (1, 2, 4 or 8); bits above the size are ignored. */
  long load(long guestPhysical, int size);

  /** A store of {@code size} bytes (1, 2, 4 or 8). */
  void store(long guestPhysical, int size, long value);
}
