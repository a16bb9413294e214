package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.WalkResult.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The walk in which nothing happens, against the walks that look at everything. */
class PlainWalkTest {
  private static final long GIB = 1L << 30;
  private static final long TWO_MIB = 2L << 20;
  private static final long DATA = 64 << 20;

  /** Far and near: whose regions and GBytes share a place in the walk's arrays, and some do not. */
  private static final long[] BASES = {
    0, TWO_MIB, 2 * TWO_MIB, GIB, 2 * GIB, 64 * GIB, 128 * GIB, 1L << 40, 1L << 46
  };

  private final Scenario s = new Scenario(MmuGeometry.none());
  private final PlainWalk plain = new PlainWalk(s.memory);
  private final EptBuilder ept = s.eptOfSmallPages();
  private final GuestTableBuilder nativeSpace = s.nativeSpace();
  private final GuestTableBuilder guestSpace = s.guestSpace();
  private final EptFeatures features = EptFeatures.all(40);
  private final WalkResult result = new WalkResult();
  private final List<Long> pages = new ArrayList<>();

  /** Two pages at each base, each in a frame of its own; every flag is set that may be. */
  @BeforeEach
  void map() {
    for (long table = guestSpace.root(); table < guestSpace.root() + (64 << 12); table += 1 << 12) {
      ept.map(table, Scenario.HOST + table, 12, EptRights.ALL);
    }
    long frame = DATA;
    for (long base : BASES) {
      for (long linear : new long[] {base + 0x3000, base + 0x1f_f000}) {
        nativeSpace.map(linear, frame, 12, Scenario.RW);
        guestSpace.map(linear, frame, 12, Scenario.RW);
        ept.map(frame, Scenario.HOST + frame, 12, EptRights.ALL);
        pages.add(linear);
        frame += 0x1000 + (frame % 3 == 0 ? TWO_MIB : 0);
      }
    }
    for (long linear : pages) {
      assertEquals(Status.OK, whole(linear, false));
      result.applyUpdates(s.memory);
      assertEquals(Status.OK, whole(linear, true));
      result.applyUpdates(s.memory);
    }
  }

  /** The walk that looks at everything, for a write. */
  private Status whole(long linear, boolean nested) {
    s.use(nested ? guestSpace : nativeSpace, 0);
    PagingState state = s.mmu.paging();
    return nested
        ? new NestedWalk(s.memory, null, null)
            .walk(state, ept.eptp(true), features, linear, Access.WRITE, result)
        : new GuestWalk(s.memory, null, null).walk(state, linear, Access.WRITE, result);
  }

  private long plain(long linear, boolean nested) {
    s.use(nested ? guestSpace : nativeSpace, 0);
    plain.begin(linear);
    EptFeatures beneath = nested ? features : null;
    return plain.entry(s.mmu.paging(), nested ? ept.eptp(true) : 0, beneath, linear);
  }

  @Test
  void isNeverMoreThanTheWholeWalkAndTakesInEveryPlainPage() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      long linear = pages.get(random.nextInt(pages.size()));
      boolean nested = random.nextBoolean();
      assertEquals(Status.OK, whole(linear, nested));
      long entry = plain(linear, nested);
      assertEquals(result.physicalAddress(), TlbEntry.frame(entry), () -> Long.toHexString(linear));
      int rights = TlbEntry.rights(entry) & AccessRights.ALL;
      assertEquals(result.rights() & AccessRights.ALL, rights);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void givesUpWhereAnEntryIsNotPlain(boolean nested) {
    GuestTableBuilder space = nested ? guestSpace : nativeSpace;
    for (long linear : pages) {
      for (int level = 4; level >= 1; level--) {
        long address = space.entryAddress(linear, level);
        long entry = space.entry(address);
        space.setEntry(address, entry & ~GuestWalk.ACCESSED);
        assertEquals(0, plain(linear, nested), "a flag to set at level " + level);
        space.setEntry(address, entry & ~GuestTableBuilder.PRESENT);
        assertEquals(0, plain(linear, nested), "not present at level " + level);
        space.setEntry(address, entry);
        assertEquals(Status.OK, whole(linear, nested));
        assertEquals(result.physicalAddress(), TlbEntry.frame(plain(linear, nested)));
      }
    }
  }

  @Test
  void givesUpWhereAnEntryOfEptIsNotPlain() {
    for (long linear : pages) {
      assertEquals(Status.OK, whole(linear, true));
      long gpa = result.guestPhysicalAddress();
      for (int level = 4; level >= 1; level--) {
        long address = ept.entryAddress(gpa, level);
        long entry = ept.entry(address);
        ept.setEntry(address, entry & ~(long) EptWalk.ACCESSED);
        assertEquals(0, plain(linear, true), "a flag to set at level " + level);
        ept.setEntry(address, entry & ~(long) EptRights.WRITE);
        assertEquals(0, plain(linear, true), "not writable at level " + level);
        ept.setEntry(address, entry);
      }
    }
  }

  @Test
  void readsFourEntriesAndTwentyOfEpt() {
    assertEquals(0, PlainWalk.eptEntryReads(null));
    assertEquals(20, PlainWalk.eptEntryReads(features));
  }
}
