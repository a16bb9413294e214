package io.vmxsim.cpu;

import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;

/** Checking and loading the PDPTE registers: "PDPTE Registers" (4.4.1). */
final class PdpteRegisters {
  private static final long PRESENT = 1;

  private PdpteRegisters() {}

  /**
   * Loads the four registers from the table at a physical address, aligned to 32 bytes.
   *
   * @return false, with nothing loaded, if a present entry has a reserved bit set
   */
  static boolean load(PhysicalMemory memory, PagingState paging, long table) {
    for (int i = 0; i < 4; i++) {
      if (!isValid(memory.read64(table + 8L * i), paging)) {
        return false;
      }
    }
    for (int i = 0; i < 4; i++) {
      paging.setPdpte(i, memory.read64(table + 8L * i));
    }
    return true;
  }

  /** Whether MOV to CR3 would accept the entry. */
  static boolean isValid(long entry, PagingState paging) {
    return (entry & PRESENT) == 0 || (entry & paging.pdpteReservedBits()) == 0;
  }
}
