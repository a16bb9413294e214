package io.vmxsim.guests;

/**
 * Where the modelled kernel lies, after Linux's x86-64 memory map with 4-level paging: a direct map
 * of all guest-physical memory, and the kernel's code.
 */
final class KernelLayout {

  /** Linear address at which guest-physical address 0 appears. */
  static final long DIRECT_MAP = 0xffff_8880_0000_0000L;

  /** Linear address of the kernel's code, one 2-MByte page. */
  static final long TEXT = 0xffff_ffff_8100_0000L;

  /** Guest-physical address of the kernel's code. */
  static final long TEXT_PHYSICAL = 0x20_0000;

  /** The first frame that the kernel hands out. */
  static final long FIRST_FREE_FRAME = 0x100_0000;

  /** Entries of the top-level table that belong to the kernel: the direct map's and the code's. */
  static final int DIRECT_MAP_SLOT = (int) (DIRECT_MAP >>> 39) & 0x1ff;

  static final int TEXT_SLOT = (int) (TEXT >>> 39) & 0x1ff;

  private KernelLayout() {}

  /** The kernel's linear address of a guest-physical address. */
  static long direct(long physical) {
    return DIRECT_MAP + physical;
  }
}
