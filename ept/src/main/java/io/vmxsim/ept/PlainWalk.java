package io.vmxsim.ept;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The walk in which nothing happens: 4-level paging, with or without 4-level EPT beneath, 4-KByte
 * pages, every entry present and proper, every accessed flag and EPT flag set that would have to be
 * set, and WB memory. It reads the entries that {@link GuestWalk} and {@link NestedWalk} would, and
 * gives up where one of them is not plain: then those decide.
 *
 * <p>JUSTIFICATION: a short cut, of use where there are no paging-structure caches. MmuBenchmark, 1
 * GiB random: it takes in nearly every walk.
 */
final class PlainWalk {
  /** A power of two. */
  private static final int REGIONS = 1024;

  /** A power of two. */
  private static final int DIRECTORIES = 64;

  private static final GuestRegion NOWHERE = new GuestRegion();
  private static final byte[] NO_PAGE = new byte[PhysicalMemory.PAGE_BYTES];
  private static final EptRegion NOWHERE_IN_EPT = new EptRegion();

  private final PhysicalMemory memory;
  private final GuestDirectory[] directories = new GuestDirectory[DIRECTORIES];
  private final GuestRegion[] guestRegions = new GuestRegion[REGIONS];

  /** Regions of guest-physical memory that pages were found in. */
  private final EptRegion[] eptRegions = new EptRegion[REGIONS];

  /**
   * And those that guest paging structures were found in, apart: a page's region that took the
   * place of one of these would take every way through it along.
   */
  private final EptRegion[] structureRegions = new EptRegion[REGIONS];

  /** The page tables of the regions, one reference nearer. */
  private final byte[][] guestPageTables = new byte[REGIONS][];

  private final byte[][] eptPageTables = new byte[REGIONS][];

  // Of the walk that has begun: its regions, and the entries that map the page.
  private int guestIndex;
  private int eptIndex;
  private long guestEntry;
  private long eptEntry;

  PlainWalk(PhysicalMemory memory) {
    this.memory = memory;
    Arrays.setAll(directories, i -> new GuestDirectory());
    Arrays.fill(guestRegions, NOWHERE);
    Arrays.fill(eptRegions, NOWHERE_IN_EPT);
    Arrays.fill(structureRegions, NOWHERE_IN_EPT);
    Arrays.fill(guestPageTables, NO_PAGE);
    Arrays.fill(eptPageTables, NO_PAGE);
  }

  PhysicalMemory memory() {
    return memory;
  }

  /** How many entries of EPT a walk reads. */
  static int eptEntryReads(@Nullable EptFeatures features) {
    return features == null ? 0 : (GuestRegion.LEVELS + 1) * EptRegion.LEVELS;
  }

  /**
   * Begins a walk at its end: reads the guest's entry that maps the page, where walks were led to
   * it before. Nothing that is done until {@link #entry} tells whether that is the way waits for
   * it.
   */
  void begin(long linear) {
    guestIndex = index(GuestRegion.number(linear));
    guestEntry = PhysicalMemory.entryOf(guestPageTables[guestIndex], linear >>> 9);
  }

  /** The same for EPT's entry: nothing waits for it until it is known whether that is the way. */
  private void beginInEpt() {
    long frame = EptWalk.addressIn(guestEntry);
    eptIndex = index(EptRegion.number(frame));
    eptEntry = PhysicalMemory.entryOf(eptPageTables[eptIndex], frame >>> 9);
  }

  /**
   * What the walk that has begun finds, as a {@link TlbEntry}; 0 if it is not plain, and nothing
   * has been done. Whether it permits an access is not decided here.
   *
   * @param state with 4-level paging
   * @param eptp with a page-walk length of 4, if {@code features} is given
   * @param features of EPT; null while EPT is not in use
   * @param linear the address that the walk has begun with
   */
  long entry(PagingState state, long eptp, @Nullable EptFeatures features, long linear) {
    if (features != null) {
      beginInEpt();
    }
    GuestRegion region = guestRegions[guestIndex];
    if (!region.leads(state, eptp, features, linear)) {
      region = note(state, eptp, features, linear);
      if (region == null) {
        return 0;
      }
      begin(linear);
      if (features != null) {
        beginInEpt();
      }
    }
    if (!state.isPlainPage(guestEntry)) {
      return 0;
    }
    long frame = EptWalk.addressIn(guestEntry);
    if (features != null) {
      if (!eptRegions[eptIndex].leads(eptp, features, frame)) {
        if (noteEpt(eptp, features, frame) == null) {
          return 0;
        }
        eptEntry = PhysicalMemory.entryOf(eptPageTables[eptIndex], frame >>> 9);
      }
      if (!features.isPlainPage(eptEntry, eptp)) {
        return 0;
      }
      frame = EptWalk.addressIn(eptEntry);
    }
    return TlbEntry.plain(frame, guestEntry, region.rights(), state);
  }

  private @Nullable GuestRegion note(
      PagingState state, long eptp, @Nullable EptFeatures features, long linear) {
    GuestDirectory directory = directory(state, eptp, features, linear);
    if (directory == null) {
      return null;
    }
    int index = index(GuestRegion.number(linear));
    if (guestRegions[index] == NOWHERE) {
      guestRegions[index] = new GuestRegion();
    }
    GuestRegion region = guestRegions[index];
    if (!region.note(this, directory, state, eptp, features, linear)) {
      return null;
    }
    guestPageTables[index] = region.pageTable();
    return region;
  }

  private @Nullable GuestDirectory directory(
      PagingState state, long eptp, @Nullable EptFeatures features, long linear) {
    GuestDirectory directory = directories[(int) GuestDirectory.number(linear) & (DIRECTORIES - 1)];
    boolean leads =
        directory.leads(state, eptp, features, linear)
            || directory.note(this, state, eptp, features, linear);
    return leads ? directory : null;
  }

  /** The region that a guest paging structure is in, if its entries are plain. */
  @Nullable EptRegion structureRegion(long eptp, EptFeatures features, long gpa) {
    EptRegion region = structureRegions[index(EptRegion.number(gpa))];
    return region.leads(eptp, features, gpa)
        ? region
        : noteIn(structureRegions, eptp, features, gpa);
  }

  private @Nullable EptRegion noteEpt(long eptp, EptFeatures features, long gpa) {
    EptRegion region = noteIn(eptRegions, eptp, features, gpa);
    if (region != null) {
      eptPageTables[index(EptRegion.number(gpa))] = region.pageTable();
    }
    return region;
  }

  private @Nullable EptRegion noteIn(
      EptRegion[] regions, long eptp, EptFeatures features, long gpa) {
    int index = index(EptRegion.number(gpa));
    if (regions[index] == NOWHERE_IN_EPT) {
      regions[index] = new EptRegion();
    }
    return regions[index].note(memory, eptp, features, gpa) ? regions[index] : null;
  }

  private static int index(long number) {
    return (int) (number ^ number >>> 10) & (REGIONS - 1);
  }
}
