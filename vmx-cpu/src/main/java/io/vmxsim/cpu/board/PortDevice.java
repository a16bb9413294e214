package io.vmxsim.cpu.board;

/** A device in I/O address space. */
public interface PortDevice {

  /**
   * Reads a port.
   *
   * @param port 0 to 65535
   * @param size bytes, 1, 2 or 4, at most {@link #widest}
   * @return the value; bits above the size are ignored
   */
  int in(int port, int size);

  /**
   * Writes a port.
   *
   * @param port 0 to 65535
   * @param size bytes, 1, 2 or 4, at most {@link #widest}
   * @param value zero-extended
   */
  void out(int port, int size, int value);

  /** The widest access the device takes, in bytes; the bus splits wider ones in halves. */
  default int widest() {
    return 1;
  }
}
