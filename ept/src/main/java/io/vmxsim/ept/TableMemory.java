package io.vmxsim.ept;

/**
 * The memory a table builder writes to, in whatever addresses its entries hold: physical for EPT
 * and for paging without EPT, guest-physical for guest structures. Its owner decides what a write
 * costs and who sees it.
 */
public interface TableMemory {
  /** The aligned 64-bit value at an address. */
  long read64(long address);

  /** Writes an aligned 64-bit value. */
  void write64(long address, long value);

  /** Address of a fresh page of 4 KBytes of zeros. */
  long allocateTable();

  /** Reads a 32-bit entry, zero-extended. */
  default long read32(long address) {
    return (read64(address & ~7L) >>> (8 * (address & 4))) & 0xffff_ffffL;
  }

  /** Writes a 32-bit entry; a memory that must not see its neighbour written overrides this. */
  default void write32(long address, long value) {
    long shift = 8 * (address & 4);
    long others = read64(address & ~7L) & ~(0xffff_ffffL << shift);
    write64(address & ~7L, others | ((value & 0xffff_ffffL) << shift));
  }
}
