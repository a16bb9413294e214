package io.vmxsim.guests;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;

/** 64-bit mode as a kernel of ours is started in it. */
final class LongMode {
  /** Page tables: one PML4 table, one page-directory-pointer table, four page directories. */
  private static final long TABLES = 0x1_0000;

  private static final long PAGE = 0x1000;
  private static final int DIRECTORIES = 4;
  private static final int ENTRIES = 512;
  private static final long PRESENT_WRITABLE = 3;
  private static final long LARGE = 1 << 7;
  private static final int LARGE_SHIFT = 21;

  private static final long GDT = 0xf000;
  private static final int GDT_LIMIT = 0x1f;
  private static final long CODE_64 = 0x00af_9b00_0000_ffffL;
  private static final long DATA = 0x00cf_9300_0000_ffffL;

  private LongMode() {}

  /**
   * 64-bit mode at CPL 0, interrupts off, the first 4 GBytes mapped to themselves in pages of 2
   * MBytes, with a GDT of a code segment (08H) and a data segment (10H).
   */
  static void enter(CpuState state, BootMemory memory, long entry) {
    long directories = TABLES + 2 * PAGE;
    memory.write64(TABLES, TABLES + PAGE | PRESENT_WRITABLE);
    for (int i = 0; i < DIRECTORIES; i++) {
      memory.write64(TABLES + PAGE + 8L * i, directories + PAGE * i | PRESENT_WRITABLE);
    }
    for (long i = 0; i < DIRECTORIES * ENTRIES; i++) {
      memory.write64(directories + 8 * i, i << LARGE_SHIFT | LARGE | PRESENT_WRITABLE);
    }
    memory.write64(GDT, 0);
    memory.write64(GDT + 8, CODE_64);
    memory.write64(GDT + 16, DATA);
    state.startIn64BitMode(TABLES);
    state.gdtrBase = GDT;
    state.gdtrLimit = GDT_LIMIT;
    state.loadSegment(Segment.TR, 0, 0, 0xffff, Segment.BUSY_TSS);
    state.rip = entry;
  }
}
