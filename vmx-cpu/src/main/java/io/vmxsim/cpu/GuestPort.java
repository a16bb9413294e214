package io.vmxsim.cpu;

/**
 * Memory and ports as the emulation of one guest instruction sees them: linear addresses,
 * translated in software by whoever emulates (a VMM walking the guest's tables). It charges nothing
 * by itself.
 */
public interface GuestPort {

  /**
   * Reads little-endian.
   *
   * @param linear guest-linear address
   * @param size 1, 2, 4 or 8 bytes
   * @return the value, zero-extended
   */
  long read(long linear, int size);

  /**
   * Writes little-endian.
   *
   * @param linear guest-linear address
   * @param size 1, 2, 4 or 8 bytes
   * @param value what to store; bits above the size are ignored
   */
  void write(long linear, int size, long value);

  /** INS reads a port; {@code size} 1, 2 or 4 bytes. */
  void in(int port, int size);

  /** OUTS writes to a port; {@code size} 1, 2 or 4 bytes. */
  void out(int port, int size);

  /** Whether an access has met a page fault of the guest's; those that follow do nothing. */
  boolean hasFaulted();
}
