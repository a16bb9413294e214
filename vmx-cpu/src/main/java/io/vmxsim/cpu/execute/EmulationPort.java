package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.board.MemoryDevice;
import io.vmxsim.cpu.board.PortDevice;
import io.vmxsim.ept.WalkResult;

/**
 * The memory and the ports of a guest as a VMM that emulates its instructions reaches them: in
 * software, page tables included.
 */
public interface EmulationPort extends MemoryDevice, PortDevice {

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
  @Override
  long read(long guestPhysical, int size);

  /** Writes {@code size} bytes (1, 2, 4 or 8) to one page of memory or to a device. */
  @Override
  void write(long guestPhysical, int size, long value);

  @Override
  default int widest() {
    return Integer.BYTES;
  }
}
