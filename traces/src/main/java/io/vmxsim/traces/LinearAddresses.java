package io.vmxsim.traces;

/**
 * Canonical form: bits 63 down to the highest implemented one are equal (SDM volume 1, "Canonical
 * Addressing").
 */
final class LinearAddresses {

  private LinearAddresses() {}

  /** Whether the address is canonical with 48 linear-address bits, as all user-level traces are. */
  static boolean isCanonical48(long address) {
    return address << 16 >> 16 == address;
  }

  /** Whether the address is canonical with that many linear-address bits: 57 in 5-level paging. */
  static boolean isCanonical(long address, int bits) {
    int unused = Long.SIZE - bits;
    return address << unused >> unused == address;
  }
}
