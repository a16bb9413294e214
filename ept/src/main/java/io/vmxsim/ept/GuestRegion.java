package io.vmxsim.ept;

import org.jspecify.annotations.Nullable;

/**
 * Where a walk with 4-level paging was led for a 2-MByte region of linear addresses: through a
 * {@link GuestDirectory} and the entry there to the page table. Nothing of the model is here
 * either.
 */
final class GuestRegion {
  /** The length of the walks that are noted, and so the number of structures they lead through. */
  static final int LEVELS = 4;

  private static final byte[] NO_PAGE = {};

  /** Number of the region; -1 while nothing has been noted. */
  private long number = -1;

  private GuestDirectory directory = new GuestDirectory();

  /** Which of the directory's notes this one builds on: what was plain depends on it. */
  private long noteOfDirectory;

  private long pde;
  private final StructurePlace ofPageTable = new StructurePlace();
  private byte[] pageTable = NO_PAGE;
  private int rights;

  /** Number of the region of an address. */
  static long number(long linear) {
    return linear >>> 21;
  }

  /** Whether a walk would be led to {@link #pageTable}. */
  boolean leads(PagingState state, long eptp, @Nullable EptFeatures features, long linear) {
    return number(linear) == number
        && directory.notes() == noteOfDirectory
        && directory.leads(state, eptp, features, linear)
        && PhysicalMemory.entryOf(directory.pd(), linear >>> 18) == pde
        && (features == null || ofPageTable.stands(eptp, features, directory.ofPd()));
  }

  /** The page table of the region. */
  byte[] pageTable() {
    return pageTable;
  }

  /** What the three entries on the way to it allow, as {@link AccessRights} codes it. */
  int rights() {
    return rights;
  }

  /**
   * Notes where a walk is led, and returns true, if every entry on the way is plain and EPT maps
   * 4-KByte pages.
   *
   * @param walk knows the regions of guest-physical memory
   * @param throughDirectory leads a walk for the address
   */
  boolean note(
      PlainWalk walk,
      GuestDirectory throughDirectory,
      PagingState state,
      long eptp,
      @Nullable EptFeatures features,
      long linear) {
    number = -1;
    directory = throughDirectory;
    pde = PhysicalMemory.entryOf(directory.pd(), linear >>> 18);
    byte[] found =
        state.isPlainTable(pde)
            ? ofPageTable.find(walk, eptp, features, EptWalk.addressIn(pde))
            : null;
    if (found == null) {
      return false;
    }
    pageTable = found;
    noteOfDirectory = directory.notes();
    rights = directory.rights() & AccessRights.ofEntry(pde);
    number = number(linear);
    return true;
  }
}
