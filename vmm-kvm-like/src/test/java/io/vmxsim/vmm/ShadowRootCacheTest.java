package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShadowRootCacheTest {

  /** N roots in turn, over and over: LRU misses all or, if N ≤ cached + 1, none but the first N. */
  @ParameterizedTest
  @CsvSource({"1,0", "2,0", "2,1", "4,3", "5,3", "12,11", "13,11"})
  void goingRoundMissesAllOrNothing(int inTurn, int cached) {
    List<ShadowRoot> released = new ArrayList<>();
    ShadowRootCache cache = new ShadowRootCache(cached, released::add);
    int rounds = 10;
    for (int i = 0; i < inTurn * rounds; i++) {
      long cr3 = (i % inTurn) * 4096L;
      if (cache.use(cr3, 4) == null) {
        cache.add(new ShadowRoot(cr3, 4, cr3, List.of()));
      }
    }
    boolean allHeld = inTurn <= cached + 1;
    assertEquals(allHeld ? inTurn : inTurn * rounds, cache.misses());
    assertEquals(cache.misses() - Math.min(inTurn, cached + 1), released.size());
  }

  @Test
  void aRootOfAnotherModeIsAnotherRoot() {
    ShadowRootCache cache = new ShadowRootCache(3, root -> {});
    cache.add(new ShadowRoot(0x1000, 4, 0x1000, List.of()));
    assertEquals(null, cache.use(0x1000, 5));
    assertEquals(1, cache.misses());
  }
}
