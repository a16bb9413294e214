package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.rules.MsrLoadRules;

/**
 * The MSR areas of VM entries and VM exits: 16-byte entries, MSR index in bits 31:0, reserved bits
 * 63:32, value in bits 127:64 ("VM-Exit Controls for MSRs", Table 24-11). Entries are processed in
 * order ("Loading MSRs" 26.4 and 27.6, "Saving MSRs" 27.4).
 */
final class MsrList {
  private static final int ENTRY_BYTES = 16;

  private final Processor processor;

  MsrList(Processor processor) {
    this.processor = processor;
  }

  /**
   * Loads the MSRs of an area.
   *
   * @return 0 if every entry was loaded, else the number of the first that failed, from 1
   */
  long load(long address, long count) {
    PhysicalMemory memory = processor.memory();
    for (long i = 0; i < count; i++) {
      long entry = address + i * ENTRY_BYTES;
      long low = memory.read64(entry);
      if (!MsrLoadRules.isLoadable(low, false)
          || !processor.msrs().write((int) low, memory.read64(entry + 8))) {
        return i + 1;
      }
    }
    charge(count);
    return 0;
  }

  /**
   * Stores the MSRs of an area.
   *
   * @return 0 if every entry was stored, else the number of the first that failed, from 1
   */
  long store(long address, long count) {
    PhysicalMemory memory = processor.memory();
    MsrFile msrs = processor.msrs();
    for (long i = 0; i < count; i++) {
      long entry = address + i * ENTRY_BYTES;
      int index = memory.read32(entry);
      if (memory.read32(entry + 4) != 0 || isX2apic(index) || !msrs.read(index)) {
        return i + 1;
      }
      memory.write64(entry + 8, msrs.value());
    }
    charge(count);
    return 0;
  }

  private void charge(long count) {
    if (count > 0) {
      processor.cycles().exit += count * processor.costs().of(Cost.MSR_LIST_ENTRY);
    }
  }

  /** Whether bits 31:8 of the index are 000008H. */
  private static boolean isX2apic(int index) {
    return index >>> 8 == 8;
  }
}
