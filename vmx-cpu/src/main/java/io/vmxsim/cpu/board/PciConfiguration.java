package io.vmxsim.cpu.board;

/**
 * The host bridge's window on PCI configuration space ("PCI Local Bus Specification", revision 3.0,
 * 3.2.2.3.2, configuration mechanism #1). No device is on the bus: every function that is asked
 * answers with all ones. An access to CF8H that is not of 4 bytes is none to the bridge.
 */
final class PciConfiguration implements PortDevice {
  private static final int ADDRESS = 0xcf8;
  private static final int DATA = 0xcfc;
  private static final int ADDRESS_BITS = 0x80fffffc;

  private int address;

  /**
   * Plugs the address and data registers in; ports CF9H to CFBH stay free for others.
   *
   * @see ResetControl
   */
  void attachTo(Bus bus) {
    bus.attachPorts(ADDRESS, 1, this);
    bus.attachPorts(DATA, 4, this);
  }

  @Override
  public int widest() {
    return 4;
  }

  @Override
  public int in(int port, int size) {
    return port == ADDRESS && size == 4 ? address : -1;
  }

  @Override
  public void out(int port, int size, int value) {
    if (port == ADDRESS && size == 4) {
      address = value & ADDRESS_BITS;
    }
  }
}
