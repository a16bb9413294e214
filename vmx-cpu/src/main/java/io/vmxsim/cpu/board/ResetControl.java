package io.vmxsim.cpu.board;

/**
 * The ways of a PC to reset its processors: the reset control register at CF9H ("82371AB (PIIX4)",
 * 4.2.6), the keyboard controller's command FEH at port 64H, and bit 0 of port 92H. There is no
 * keyboard; what is asked of its controller is answered by silence. A20 is always open.
 */
public final class ResetControl implements PortDevice {
  /** The reset control register, and the value that resets everything. */
  public static final int PORT = 0xcf9;

  public static final int RESET = 0x06;

  private static final int RESET_PROCESSOR = 0x04;
  private static final int KEYBOARD_DATA = 0x60;
  private static final int KEYBOARD_COMMAND = 0x64;
  private static final int PULSE_RESET = 0xfe;
  private static final int SYSTEM_CONTROL = 0x92;
  private static final int FAST_RESET = 1;
  private static final int A20_OPEN = 2;

  private final Runnable reset;
  private int last;

  /**
   * @param reset resets the machine
   */
  public ResetControl(Runnable reset) {
    this.reset = reset;
  }

  /** Plugs the registers in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(PORT, 1, this);
    bus.attachPorts(KEYBOARD_DATA, 1, this);
    bus.attachPorts(KEYBOARD_COMMAND, 1, this);
    bus.attachPorts(SYSTEM_CONTROL, 1, this);
  }

  @Override
  public int in(int port, int size) {
    return switch (port) {
      case PORT -> last;
      case SYSTEM_CONTROL -> A20_OPEN;
      default -> 0; // no data, and ready for a command
    };
  }

  @Override
  public void out(int port, int size, int value) {
    boolean resets =
        switch (port) {
          case PORT -> (value & ~last & RESET_PROCESSOR) != 0;
          case KEYBOARD_COMMAND -> value == PULSE_RESET;
          case SYSTEM_CONTROL -> (value & FAST_RESET) != 0;
          default -> false;
        };
    if (port == PORT) {
      last = value & ~RESET_PROCESSOR;
    }
    if (resets) {
      reset.run();
    }
  }
}
