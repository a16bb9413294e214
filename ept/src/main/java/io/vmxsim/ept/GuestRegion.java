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
  /** Guest entries that are read on the way to the page table. */
  static final int ENTRIES = 3;

  private static final int STRUCTURES = ENTRIES + 1;

  /** Number of the region; -1 while nothing has been noted. */
  private long number = -1;

  private long cr3;
  private long plainTableBits;
  private long eptp;
  private @Nullable EptFeatures features;

  private final byte[][] tables = new byte[ENTRIES][];
  private final long[] entries = new long[ENTRIES];

  /** Of the structures, from the root to the page table. */
  private final long[] guestPhysical = new long[STRUCTURES];

  private final EptRegion[] eptRegions = new EptRegion[STRUCTURES];
  private final long[] eptEntries = new long[STRUCTURES];

  private long pageTable;
  private int rights;

  /** Number of the region of an address. */
  static long number(long linear) {
    return linear >>> 21;
  }

  /** Whether a walk would be led to the page table of this region. */
  boolean leads(PagingState state, long walkEptp, @Nullable EptFeatures walkFeatures, long linear) {
    return number(linear) == number
        && state.cr3() == cr3
        && state.plainTableBits() == plainTableBits
        && walkEptp == eptp
        && walkFeatures == features
        && PhysicalMemory.entryOf(tables[0], linear >>> 36) == entries[0]
        && PhysicalMemory.entryOf(tables[1], linear >>> 27) == entries[1]
        && PhysicalMemory.entryOf(tables[2], linear >>> 18) == entries[2]
        && (walkFeatures == null || eptLeads(walkFeatures));
  }

  private boolean eptLeads(EptFeatures walkFeatures) {
    EptRegion led = null;
    for (int i = 0; i < STRUCTURES; i++) {
      EptRegion region = eptRegions[i];
      long gpa = guestPhysical[i];
      if ((region != led || !region.isFor(gpa)) && !region.leads(eptp, walkFeatures, gpa)) {
        return false;
      }
      led = region;
      if (PhysicalMemory.entryOf(region.pageTable(), gpa >>> 9) != eptEntries[i]) {
        return false;
      }
    }
    return true;
  }

  /** The walk is at the page table, and has read what leads there. */
  void follow(WalkResult r) {
    WalkCaches.Table table = r.guestTable;
    table.level = 1;
    table.address = pageTable;
    table.guestPhysicalAddress = guestPhysical[ENTRIES];
    table.rights = rights;
    r.guestEntryReads = ENTRIES;
    if (features == null) {
      table.eptRights = EptRights.ALL;
    } else {
      table.eptRights = features.accessRights();
      r.eptEntryReads = STRUCTURES * EptRegion.LEVELS;
    }
  }

  /** Notes where a walk is led, if every entry on the way is plain and EPT maps 4-KByte pages. */
  void note(
      PhysicalMemory memory,
      EptWalk ept,
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
    long structure = EptWalk.addressIn(cr3);
    for (int i = 0; ; i++) {
      guestPhysical[i] = structure;
      long physical = walkFeatures == null ? structure : noteEpt(ept, walkFeatures, i);
      if (physical == EptWalk.NOT_PLAIN) {
        return;
      }
      if (i == ENTRIES) {
        pageTable = physical;
        number = number(linear);
        return;
      }
      tables[i] = memory.pageForRead(physical);
      entries[i] = PhysicalMemory.entryOf(tables[i], linear >>> (36 - 9 * i));
      if (!state.isPlainTable(entries[i])) {
        return;
      }
      rights &= AccessRights.ofEntry(entries[i]);
      structure = EptWalk.addressIn(entries[i]);
    }
  }

  /** Notes what EPT makes of structure {@code i}: its physical address, or NOT_PLAIN. */
  private long noteEpt(EptWalk ept, EptFeatures walkFeatures, int i) {
    long gpa = guestPhysical[i];
    EptRegion region = ept.region(gpa);
    if (!region.leads(eptp, walkFeatures, gpa)) {
      return EptWalk.NOT_PLAIN;
    }
    eptRegions[i] = region;
    eptEntries[i] = PhysicalMemory.entryOf(region.pageTable(), gpa >>> 9);
    return EptWalk.plainPage(eptp, walkFeatures, eptEntries[i]);
  }
}
