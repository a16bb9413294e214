package io.vmxsim.ept;

import org.jspecify.annotations.Nullable;

/**
 * Where a walk with 4-level paging was led for a 2-MByte region of linear addresses: the three
 * guest entries on the way to the page table, and what EPT made of the four structures' addresses.
 *
 * <p>As with {@link EptRegion}, nothing of the model is here: every entry is read again, the walk
 * is led where it was led before only if each holds what it held, and all are read at once.
 *
 * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random under EPT.
 */
final class GuestRegion {
  /** The length of the walks that are noted, and so the number of structures they lead through. */
  static final int LEVELS = 4;

  private static final byte[] NO_PAGE = {};

  /** Number of the region; -1 while nothing has been noted. */
  private long number = -1;

  private long cr3;
  private long plainTableBits;
  private long eptp;
  private @Nullable EptFeatures features;

  // The guest's entries that lead on, and the tables they are in.
  private byte[] pml4 = NO_PAGE;
  private byte[] pdpt = NO_PAGE;
  private byte[] pd = NO_PAGE;
  private long pml4e;
  private long pdpte;
  private long pde;

  private final Place ofPml4 = new Place();
  private final Place ofPdpt = new Place();
  private final Place ofPd = new Place();
  private final Place ofPageTable = new Place();

  private byte[] pageTable = NO_PAGE;
  private int rights;

  /** Number of the region of an address. */
  static long number(long linear) {
    return linear >>> 21;
  }

  /** Whether a walk would be led to {@link #pageTable}. */
  boolean leads(PagingState state, long walkEptp, @Nullable EptFeatures walkFeatures, long linear) {
    return number(linear) == number
        && state.cr3() == cr3
        && state.plainTableBits() == plainTableBits
        && walkEptp == eptp
        && walkFeatures == features
        && PhysicalMemory.entryOf(pml4, linear >>> 36) == pml4e
        && PhysicalMemory.entryOf(pdpt, linear >>> 27) == pdpte
        && PhysicalMemory.entryOf(pd, linear >>> 18) == pde
        && (walkFeatures == null
            || (ofPml4.stands(walkEptp, walkFeatures)
                && ofPdpt.stands(walkEptp, walkFeatures)
                && ofPd.stands(walkEptp, walkFeatures)
                && ofPageTable.stands(walkEptp, walkFeatures)));
  }

  /** The page table of the region. */
  byte[] pageTable() {
    return pageTable;
  }

  /** What the three entries allow, as {@link AccessRights} codes it. */
  int rights() {
    return rights;
  }

  /**
   * Notes where a walk is led, and returns true, if every entry on the way is plain and EPT maps
   * 4-KByte pages.
   *
   * @param ept knows the regions of guest-physical memory
   */
  boolean note(
      PhysicalMemory memory,
      PlainWalk ept,
      PagingState state,
      long walkEptp,
      @Nullable EptFeatures walkFeatures,
      long linear) {
    number = -1;
    cr3 = state.cr3();
    plainTableBits = state.plainTableBits();
    eptp = walkEptp;
    features = walkFeatures;
    rights = AccessRights.ALL;

    byte[] table = find(memory, ept, EptWalk.addressIn(cr3), null, ofPml4);
    if (table == null) {
      return false;
    }
    pml4 = table;
    pml4e = PhysicalMemory.entryOf(pml4, linear >>> 36);
    table = follow(memory, ept, state, pml4e, ofPml4, ofPdpt);
    if (table == null) {
      return false;
    }
    pdpt = table;
    pdpte = PhysicalMemory.entryOf(pdpt, linear >>> 27);
    table = follow(memory, ept, state, pdpte, ofPdpt, ofPd);
    if (table == null) {
      return false;
    }
    pd = table;
    pde = PhysicalMemory.entryOf(pd, linear >>> 18);
    table = follow(memory, ept, state, pde, ofPd, ofPageTable);
    if (table == null) {
      return false;
    }
    pageTable = table;
    number = number(linear);
    return true;
  }

  /** The structure that an entry names, if the entry is plain; likewise. */
  private byte @Nullable [] follow(
      PhysicalMemory memory,
      PlainWalk ept,
      PagingState state,
      long entry,
      Place previous,
      Place place) {
    rights &= AccessRights.ofEntry(entry);
    return state.isPlainTable(entry)
        ? find(memory, ept, EptWalk.addressIn(entry), previous, place)
        : null;
  }

  /** The structure at a guest-physical address, if there is one and EPT is plain there. */
  private byte @Nullable [] find(
      PhysicalMemory memory,
      PlainWalk ept,
      long guestPhysical,
      @Nullable Place previous,
      Place place) {
    if (features == null) {
      return memory.allocatedPage(guestPhysical);
    }
    EptRegion region = ept.eptRegion(eptp, features, guestPhysical);
    if (region == null || !place.note(eptp, features, guestPhysical, region, previous)) {
      return null;
    }
    return memory.allocatedPage(EptWalk.addressIn(place.eptEntry));
  }

  /** What EPT makes of the address of one of the guest's structures. */
  private static final class Place {
    private long guestPhysical;
    private EptRegion region = new EptRegion();

    /** Whether the structure before this one is in the same region. */
    private boolean inRegionOfPrevious;

    private long eptEntry;

    /** Whether EPT leads to the same page as it did, if it does so for the structure before. */
    boolean stands(long eptp, EptFeatures features) {
      return (inRegionOfPrevious || region.leads(eptp, features, guestPhysical))
          && PhysicalMemory.entryOf(region.pageTable(), guestPhysical >>> 9) == eptEntry;
    }

    boolean note(
        long eptp,
        EptFeatures features,
        long newGuestPhysical,
        EptRegion newRegion,
        @Nullable Place previous) {
      guestPhysical = newGuestPhysical;
      region = newRegion;
      inRegionOfPrevious =
          previous != null
              && previous.region == region
              && EptRegion.number(previous.guestPhysical) == EptRegion.number(guestPhysical);
      eptEntry = PhysicalMemory.entryOf(region.pageTable(), guestPhysical >>> 9);
      return features.isPlainPage(eptEntry, eptp);
    }
  }
}
