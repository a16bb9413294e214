package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.DataCaches.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Data caches hold what slow least-recently-used lists do, and share it between their users. */
class DataCachesTest {
  private static final List<DataCaches.Level> LEVELS =
      List.of(new DataCaches.Level("L1D", 2, 2, 4), new DataCaches.Level("L2", 3, 4, 12));

  @Test
  void aLineCostsWhatTheLevelDoesThatHasIt() {
    DataCaches caches = new DataCaches(LEVELS, 200);
    assertEquals(200, caches.access(0x1000, User.WALK));
    assertEquals(4, caches.access(0x103f, User.DATA)); // the walk brought the line
    assertEquals(200, caches.access(0x1040, User.DATA));
    caches.access(0x1080, User.DATA); // these two put 1000H out of the first level
    caches.access(0x1100, User.DATA);
    assertEquals(12, caches.access(0x1000, User.DATA));
    assertEquals(1, caches.misses(0, User.WALK));
    assertEquals(1, caches.hits(0, User.DATA));
    assertEquals(1, caches.hits(1, User.DATA));
  }

  /** The third levels of large servers: 320 MByte in 20 ways. */
  @Test
  void aLevelOfMillionsOfLinesIsLeastRecentlyUsedInItsLastSetToo() {
    int sets = 1 << 18;
    DataCaches caches = new DataCaches(List.of(new DataCaches.Level("L3", sets, 20, 70)), 300);
    for (int way = 0; way <= 20; way++) {
      assertEquals(300, caches.access(lineOfLastSet(way, sets), User.DATA));
    }
    assertEquals(70, caches.access(lineOfLastSet(1, sets), User.DATA));
    assertEquals(300, caches.access(lineOfLastSet(0, sets), User.DATA)); // line 20 put it out
    assertEquals(70, caches.access(lineOfLastSet(1, sets), User.DATA));
    assertEquals(300, caches.access(lineOfLastSet(2, sets), User.DATA)); // line 0 put it out
  }

  private static long lineOfLastSet(int way, int sets) {
    return ((long) way * sets + sets - 1) * DataCaches.LINE;
  }

  @Property(tries = 300)
  void everyLevelIsLeastRecentlyUsed(
      @ForAll @Size(max = 200) List<@LongRange(min = 0, max = 40) Long> lines) {
    DataCaches caches = new DataCaches(LEVELS, 200);
    List<List<Map<Long, Boolean>>> model = new ArrayList<>();
    for (DataCaches.Level level : LEVELS) {
      List<Map<Long, Boolean>> sets = new ArrayList<>();
      for (int set = 0; set < level.sets(); set++) {
        sets.add(new LinkedHashMap<>());
      }
      model.add(sets);
    }
    for (long line : lines) {
      long expected = 200;
      for (int i = 0; i < LEVELS.size() && expected == 200; i++) {
        DataCaches.Level level = LEVELS.get(i);
        Map<Long, Boolean> set = model.get(i).get((int) (line % level.sets()));
        boolean held = set.remove(line) != null;
        set.put(line, true); // most recently used
        if (set.size() > level.ways()) {
          set.remove(set.keySet().iterator().next());
        }
        expected = held ? level.latency() : 200;
      }
      assertEquals(expected, caches.access(line * DataCaches.LINE, User.DATA));
    }
  }

  /** A walk's second reading of the same entries finds them, and pays for that alone. */
  @Test
  void walksArePricedByWhereTheirEntriesAre() {
    GuestOnEpt guest = GuestOnEpt.nested(GuestOnEpt.RW_USER);
    Mmu mmu = new Mmu(guest.memory, MmuGeometry.none(), new MmuCosts(0, 1000, 0));
    DataCaches caches = new DataCaches(List.of(new DataCaches.Level("L1D", 1, 64, 4)), 200);
    mmu.walker().readThrough(caches);
    mmu.paging()
        .setControlRegisters(
            guest.state.cr0(), guest.state.cr3(), guest.state.cr4(), guest.state.efer());
    mmu.enterGuest(1, guest.ept.eptp(false));

    assertEquals(WalkResult.Status.OK, mmu.translate(GuestOnEpt.LINEAR, 8, Access.READ));
    long cold = mmu.walker().cycles();
    assertEquals(WalkResult.Status.OK, mmu.translate(GuestOnEpt.LINEAR, 8, Access.READ));
    long warm = mmu.walker().cycles() - cold;

    assertEquals(2, mmu.statistics().walks());
    assertEquals(48, mmu.statistics().entryReads());
    assertEquals(24 * 4, warm);
    long first = caches.misses(0, User.WALK);
    assertTrue(first > 4 && first < 24, "entries of one line come together: " + first);
    assertEquals(first * 200 + (24 - first) * 4, cold);
    assertEquals(mmu.walker().cycles(), mmu.translationCycles());
  }
}
