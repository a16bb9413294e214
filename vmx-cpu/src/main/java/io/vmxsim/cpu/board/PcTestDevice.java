package io.vmxsim.cpu.board;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * QEMU's pc-testdev: ports 2000H+n drive interrupt line n, ports E0H to E3H keep what is written to
 * them, and memory at FF000000H behaves like RAM but is a device. A write to port E4H makes a host
 * drop its mapping of a page; there is no host here, and nothing to do.
 */
public final class PcTestDevice {
  private static final int LINES_PORT = 0x2000;
  private static final int ECHO_PORT = 0xe0;
  private static final int ECHO_PORTS = 4;
  private static final long MEMORY = 0xff00_0000L;
  private static final int MEMORY_BYTES = 0x1_0000;

  private final List<InterruptLine> lines;
  private int echoed;

  /**
   * @param lines the interrupt lines of the board
   */
  public PcTestDevice(List<InterruptLine> lines) {
    this.lines = lines;
  }

  /** Plugs the device in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(LINES_PORT, lines.size(), new Lines());
    bus.attachPorts(ECHO_PORT, ECHO_PORTS, new Echo());
    bus.attachMemory(MEMORY, MEMORY_BYTES, new Memory());
  }

  private final class Lines implements PortDevice {
    @Override
    public int in(int port, int size) {
      return 0;
    }

    @Override
    public void out(int port, int size, int value) {
      lines.get(port - LINES_PORT).set(value != 0);
    }

    @Override
    public int widest() {
      return 4;
    }
  }

  private final class Echo implements PortDevice {
    @Override
    public int in(int port, int size) {
      return echoed >>> ((port - ECHO_PORT) * Byte.SIZE);
    }

    @Override
    public void out(int port, int size, int value) {
      int shift = (port - ECHO_PORT) * Byte.SIZE;
      int mask = (int) (-1L >>> (Long.SIZE - size * Byte.SIZE)) << shift;
      echoed = (echoed & ~mask) | (value << shift & mask);
    }

    @Override
    public int widest() {
      return 4;
    }
  }

  private static final class Memory implements MemoryDevice {
    /** Some bytes longer, so that no access at the end is out of bounds. */
    private final ByteBuffer bytes =
        ByteBuffer.allocate(MEMORY_BYTES + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public long read(long offset, int size) {
      return bytes.getLong((int) offset);
    }

    @Override
    public void write(long offset, int size, long value) {
      for (int i = 0; i < size; i++) {
        bytes.put((int) offset + i, (byte) (value >>> (Byte.SIZE * i)));
      }
    }
  }
}
