package io.vmxsim.guests;

/**
 * What the modelled guest kernel does. Each part can be switched off, so that its share of a result
 * can be told.
 *
 * @param memoryBytes guest-physical memory, a multiple of 2 MBytes, at most 512 GiB
 * @param pageShift pages it maps at a fault: 12 (4 KBytes), 21 (transparent huge pages: the aligned
 *     2 MBytes around the address) or 30
 * @param directMapShift pages of the kernel's direct map: 21 or 30
 * @param isolation page-table isolation: user code runs on tables without the kernel's direct map,
 *     and every entry to and return from the kernel loads CR3
 * @param pcid tags address spaces with PCIDs; CR3 loads then keep the translations
 * @param zeroing whether fresh frames are zeroed, through the direct map
 * @param tickWork whether a timer tick runs the kernel's tick code beyond acknowledging it
 * @param ticksPerSwitch ticks between context switches when several processes run; 0 for never
 * @param processEnd whether a process that ends unmaps its memory entry by entry
 */
public record GuestOsOptions(
    long memoryBytes,
    int pageShift,
    int directMapShift,
    boolean isolation,
    boolean pcid,
    boolean zeroing,
    boolean tickWork,
    int ticksPerSwitch,
    boolean processEnd) {

  /**
   * 64 GiB, 4-KByte pages, 1-GByte direct map, no isolation, everything else on, a switch per tick.
   */
  public static final GuestOsOptions DEFAULT =
      new GuestOsOptions(64L << 30, 12, 30, false, false, true, true, 1, true);

  public GuestOsOptions {
    if (pageShift != 12 && pageShift != 21 && pageShift != 30) {
      throw new IllegalArgumentException("page shift " + pageShift);
    }
    if (directMapShift != 21 && directMapShift != 30) {
      throw new IllegalArgumentException("direct-map shift " + directMapShift);
    }
    if (memoryBytes <= KernelLayout.FIRST_FREE_FRAME
        || memoryBytes > 512L << 30
        || memoryBytes % (2 << 20) != 0) {
      throw new IllegalArgumentException("guest memory of " + memoryBytes + " bytes");
    }
    if (ticksPerSwitch < 0) {
      throw new IllegalArgumentException("ticks per switch " + ticksPerSwitch);
    }
  }

  /** The same with other pages. */
  public GuestOsOptions withPageShift(int shift) {
    return new GuestOsOptions(
        memoryBytes,
        shift,
        directMapShift,
        isolation,
        pcid,
        zeroing,
        tickWork,
        ticksPerSwitch,
        processEnd);
  }
}
