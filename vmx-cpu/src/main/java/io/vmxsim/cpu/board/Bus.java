package io.vmxsim.cpu.board;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a processor's accesses reach: which physical addresses are RAM, and the devices in memory
 * and I/O address space. What is neither RAM nor a device reads as all ones and swallows writes.
 *
 * <p>RAM starts at 0. What would lie between {@link #DEVICE_HOLE} and 4 GBytes lies above 4 GBytes.
 */
public final class Bus {
  /** Where devices start below 4 GBytes. */
  public static final long DEVICE_HOLE = 3L << 30;

  private static final long FOUR_GIB = 1L << 32;
  private static final int PORTS = 1 << 16;

  /** The data lines of an I/O access that no device answers float high. */
  private static final PortDevice NO_DEVICE =
      new PortDevice() {
        @Override
        public int in(int port, int size) {
          return -1;
        }

        @Override
        public void out(int port, int size, int value) {}
      };

  private record Range(long first, long bytes, MemoryDevice device) {}

  private final long ramBelow;
  private final long ramAboveEnd;
  private final List<Range> ranges = new ArrayList<>();
  private PortDevice @Nullable [] ports;

  private Bus(long ramBelow, long ramAboveEnd) {
    this.ramBelow = ramBelow;
    this.ramAboveEnd = ramAboveEnd;
  }

  /** A bus with {@code ramBytes} of RAM and no device. */
  public static Bus withRam(long ramBytes) {
    long below = Math.min(ramBytes, DEVICE_HOLE);
    return new Bus(below, FOUR_GIB + ramBytes - below);
  }

  /** No board at all: every address is RAM, and no port is connected. */
  public static Bus none() {
    return new Bus(Long.MAX_VALUE, 0);
  }

  /** Whether a physical address is RAM. */
  public boolean isRam(long address) {
    return address < ramBelow || (address >= FOUR_GIB && address < ramAboveEnd);
  }

  /** The end of the RAM below 4 GBytes. */
  public long ramBelowEnd() {
    return ramBelow;
  }

  /** The end of the RAM above 4 GBytes; 4 GBytes if there is none. */
  public long ramAboveEnd() {
    return ramAboveEnd;
  }

  /** Puts a device at {@code bytes} of memory address space from {@code first} on. */
  public void attachMemory(long first, long bytes, MemoryDevice device) {
    for (Range range : ranges) {
      if (first < range.first + range.bytes && range.first < first + bytes) {
        throw new IllegalStateException(
            String.format("two devices at physical address %#x", Math.max(first, range.first)));
      }
    }
    ranges.add(new Range(first, bytes, device));
  }

  /** Puts a device at {@code count} ports from {@code first} on, in place of what was there. */
  public void attachPorts(int first, int count, PortDevice device) {
    if (ports == null) {
      ports = new PortDevice[PORTS];
      Arrays.fill(ports, NO_DEVICE);
    }
    for (int port = first; port < first + count; port++) {
      ports[port] = device;
    }
  }

  /** Reads {@code size} bytes (1, 2, 4 or 8) that are not RAM. */
  public long read(long address, int size) {
    for (Range range : ranges) {
      if (address - range.first >= 0 && address - range.first < range.bytes) {
        return range.device.read(address - range.first, size) & ones(size);
      }
    }
    return ones(size);
  }

  /** Writes {@code size} bytes (1, 2, 4 or 8) that are not RAM. */
  public void write(long address, int size, long value) {
    for (Range range : ranges) {
      if (address - range.first >= 0 && address - range.first < range.bytes) {
        range.device.write(address - range.first, size, value & ones(size));
        return;
      }
    }
  }

  /** Reads a port; {@code size} is 1, 2 or 4 bytes. The value is zero-extended. */
  public int in(int port, int size) {
    PortDevice device = deviceAt(port);
    if (size <= device.widest()) {
      return device.in(port, size) & (int) ones(size);
    }
    int half = size / 2;
    return in(port, half) | in(port + half, half) << (half * Byte.SIZE);
  }

  /** Writes a port; {@code size} is 1, 2 or 4 bytes. */
  public void out(int port, int size, int value) {
    PortDevice device = deviceAt(port);
    if (size <= device.widest()) {
      device.out(port, size, value & (int) ones(size));
      return;
    }
    int half = size / 2;
    out(port, half, value);
    out(port + half, half, value >>> (half * Byte.SIZE));
  }

  /** An access at the last port that is wider than a byte goes on at port 0. */
  private PortDevice deviceAt(int port) {
    return ports == null ? NO_DEVICE : ports[port & PORTS - 1];
  }

  private static long ones(int size) {
    return -1L >>> (Long.SIZE - size * Byte.SIZE);
  }
}
