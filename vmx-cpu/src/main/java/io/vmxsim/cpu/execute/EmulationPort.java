package io.vmxsim.cpu.execute;

import io.vmxsim.ept.WalkResult;

/**
 * The memory and the ports of a guest as a VMM that emulates its instructions reaches them: in
 * software, page tables included.
 */
public interface EmulationPort {

  /**
   * Translates a linear address by the guest's page tables, whose accessed and dirty flags it sets.
   *
   * @param access as {@link io.vmxsim.ept.Access} codes it
   * @return OK or PAGE_FAULT
   */
  WalkResult.Status translate(long linear, int access);

  /** OK: where the byte lies in the guest's physical memory. */
  long guestPhysical();

  /** PAGE_FAULT: the error code. */
  int errorCode();

  /** Reads {@code size} bytes (1, 2, 4 or 8) of one page of memory or of a device. */
  long read(long guestPhysical, int size);

  /** Writes {@code size} bytes (1, 2, 4 or 8) to one page of memory or to a device. */
  void write(long guestPhysical, int size, long value);

  /** Reads a port; {@code size} is 1, 2 or 4 bytes. */
  int in(int port, int size);

  /** Writes a port; {@code size} is 1, 2 or 4 bytes. */
  void out(int port, int size, int value);
}
