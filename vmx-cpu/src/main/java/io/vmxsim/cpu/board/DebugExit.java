package io.vmxsim.cpu.board;

import java.util.function.IntConsumer;

/**
 * Ways for a guest to end the machine: QEMU's isa-debug-exit device, whose status s becomes exit
 * code 2s+1 ({@code -device isa-debug-exit,iobase=0xf4,iosize=4}), and the letters "Shutdown" at
 * port 8900H of Bochs's system, exit code 0.
 */
public final class DebugExit {
  private static final int STATUS_PORT = 0xf4;
  private static final int STATUS_PORTS = 4;
  private static final int SHUTDOWN_PORT = 0x8900;
  private static final String SHUTDOWN = "Shutdown";

  private final IntConsumer ended;
  private int matched;

  /**
   * @param ended takes the exit code
   */
  public DebugExit(IntConsumer ended) {
    this.ended = ended;
  }

  /** Plugs both devices in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(STATUS_PORT, STATUS_PORTS, new StatusPort());
    bus.attachPorts(SHUTDOWN_PORT, 1, new ShutdownPort());
  }

  private final class StatusPort implements PortDevice {
    @Override
    public int in(int port, int size) {
      return 0;
    }

    @Override
    public void out(int port, int size, int value) {
      ended.accept(value << 1 | 1);
    }

    @Override
    public int widest() {
      return 4;
    }
  }

  private final class ShutdownPort implements PortDevice {
    @Override
    public int in(int port, int size) {
      return 0;
    }

    @Override
    public void out(int port, int size, int value) {
      matched = value == SHUTDOWN.charAt(matched) ? matched + 1 : 0;
      if (matched == SHUTDOWN.length()) {
        matched = 0;
        ended.accept(0);
      }
    }
  }
}
