package io.vmxsim.ept;

/**
 * Tables one behind the other in memory, in an address space of their own: that of a guest, which
 * lies in physical memory as a whole.
 */
public final class TableArea implements TableMemory {
  private final PhysicalMemory memory;
  private final long offset;
  private long next;

  /**
   * An area without tables.
   *
   * @param offset what to add to an address in the tables' own space to get the physical one
   * @param first address of the first table, in the tables' own space
   */
  public TableArea(PhysicalMemory memory, long offset, long first) {
    this.memory = memory;
    this.offset = offset;
    this.next = first;
  }

  /** Where the next table will be, in the tables' own space. */
  public long next() {
    return next;
  }

  @Override
  public long read64(long address) {
    return memory.read64(address + offset);
  }

  @Override
  public void write64(long address, long value) {
    memory.write64(address + offset, value);
  }

  @Override
  public long allocateTable() {
    long table = next;
    next += PhysicalMemory.PAGE_BYTES;
    return table;
  }
}
