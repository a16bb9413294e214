package io.vmxsim.guests;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;

/**
 * The page tables and control registers a modelled kernel is booted with: the direct map and the
 * code, both supervisor-only, global and as large as allowed.
 */
final class BootTables {
  /** Present, writable, accessed. */
  private static final long TABLE = 0x23;

  /** Present, writable, accessed, dirty, large, global. */
  private static final long LARGE_GLOBAL = 0x1e3;

  private static final long CR0 = 0x8005_0033L; // PE MP ET NE WP AM PG
  private static final long CR4_BASE = 0x6a0; // PAE PGE OSFXSR OSXMMEXCPT
  private static final long CR4_PCIDE = 1 << 17;
  private static final long EFER = 0xd01; // SCE LME LMA NXE
  private static final int MSR_EFER = 0xc000_0080;

  private final ActionBatch state = new ActionBatch(64);
  private final GuestOsOptions options;
  private final long top;
  private final long directMapTable;
  private final long textTable;

  BootTables(GuestOsOptions options, FrameAllocator frames) {
    this.options = options;
    top = frames.allocate(12);
    directMapTable = frames.allocate(12);
    textTable = frames.allocate(12);
    mapDirect(frames);
    mapText(frames.allocate(12));
    entry(top, KernelLayout.DIRECT_MAP_SLOT, directMapEntry());
    entry(top, KernelLayout.TEXT_SLOT, textEntry());
    state.add(ActionKind.INITIAL_MSR, 0, MSR_EFER & 0xffff_ffffL, EFER);
    state.add(ActionKind.INITIAL_CR, 4, 0, CR4_BASE | (options.pcid() ? CR4_PCIDE : 0));
    state.add(ActionKind.INITIAL_CR, 3, 0, top);
    state.add(ActionKind.INITIAL_CR, 0, 0, CR0);
  }

  /** Guest-physical address of the boot PML4 table. */
  long top() {
    return top;
  }

  /** The PML4 entry of the direct map, shared by all processes. */
  long directMapEntry() {
    return directMapTable | TABLE;
  }

  /** The PML4 entry of the kernel's code, shared by all processes. */
  long textEntry() {
    return textTable | TABLE;
  }

  /** The tables and registers as actions. */
  ActionBatch initialState() {
    return state;
  }

  private void mapDirect(FrameAllocator frames) {
    long gigabytes = (options.memoryBytes() + (1L << 30) - 1) >>> 30;
    for (int gigabyte = 0; gigabyte < gigabytes; gigabyte++) {
      long base = (long) gigabyte << 30;
      if (options.directMapShift() == 30) {
        entry(directMapTable, gigabyte, base | LARGE_GLOBAL);
        continue;
      }
      long directory = frames.allocate(12);
      entry(directMapTable, gigabyte, directory | TABLE);
      for (int i = 0; i < 512; i++) {
        entry(directory, i, (base + ((long) i << 21)) | LARGE_GLOBAL);
      }
    }
  }

  private void mapText(long directory) {
    entry(textTable, (int) (KernelLayout.TEXT >>> 30) & 0x1ff, directory | TABLE);
    entry(
        directory,
        (int) (KernelLayout.TEXT >>> 21) & 0x1ff,
        KernelLayout.TEXT_PHYSICAL | LARGE_GLOBAL);
  }

  private void entry(long table, int index, long value) {
    state.add(ActionKind.INITIAL_MEMORY, 8, table + 8L * index, value);
  }
}
