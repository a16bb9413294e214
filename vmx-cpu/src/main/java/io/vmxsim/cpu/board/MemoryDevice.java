package io.vmxsim.cpu.board;

/** A device in memory address space. */
public interface MemoryDevice {

  /**
   * Reads from the device.
   *
   * @param offset bytes from the start of its range
   * @param size 1, 2, 4 or 8 bytes
   * @return the value; bits above the size are ignored
   */
  long read(long offset, int size);

  /**
   * Writes to the device.
   *
   * @param offset bytes from the start of its range
   * @param size 1, 2, 4 or 8 bytes
   * @param value zero-extended
   */
  void write(long offset, int size, long value);
}
