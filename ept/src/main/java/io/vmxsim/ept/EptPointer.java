package io.vmxsim.ept;

/**
 * Decodes an extended-page-table pointer. SDM "Extended-Page-Table Pointer (EPTP)" (24.6.11), table
 * 24-8. An EPTP of 0 stands for "EPT is not in use" throughout this package.
 */
public final class EptPointer {
  private static final long ROOT = BitRange.bits(51, 12);
  private static final long ACCESSED_DIRTY = BitRange.bit(6);

  private EptPointer() {}

  /** An EPTP for write-back structures. */
  public static long of(long root, int walkLength, boolean accessedDirty) {
    return (root & ROOT)
        | (walkLength - 1) << 3
        | (accessedDirty ? ACCESSED_DIRTY : 0)
        | MemoryType.WB;
  }

  /** Bits 51:12: physical address of the EPT PML4 (or PML5) table. */
  public static long root(long eptp) {
    return eptp & ROOT;
  }

  /** Bits 5:3 plus one: the page-walk length. */
  public static int walkLength(long eptp) {
    return (int) ((eptp >>> 3) & 7) + 1;
  }

  /** Bit 6: whether accessed and dirty flags for EPT are enabled. */
  public static boolean accessedDirtyEnabled(long eptp) {
    return (eptp & ACCESSED_DIRTY) != 0;
  }

  /** Bits 2:0: memory type of the EPT paging structures, 0 (UC) or 6 (WB). */
  public static int memoryType(long eptp) {
    return (int) eptp & 7;
  }
}
