package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.validation.CachedShadowRoots.Steady;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On the real processor and VMM: every load of CR3 finds its shadow root, or none does. */
class CachedShadowRootsTest {
  /** The knees as measured: from 2 to 3 processes, and from 6 to 7. */
  @ParameterizedTest(name = "{0} cached roots, {1} processes: misses {2}")
  @CsvSource({"3, 2, false", "3, 3, true", "11, 6, false", "11, 7, true"})
  void whatComesInPutsAnotherOut(int cachedRoots, int processes, boolean misses) {
    Steady steady = CachedShadowRoots.steadyState(cachedRoots, processes);
    assertEquals(misses ? steady.loads() : 0, steady.misses());
    assertEquals(steady.loads() - steady.misses(), steady.hits());
    assertEquals(steady.misses(), steady.frees());
  }
}
