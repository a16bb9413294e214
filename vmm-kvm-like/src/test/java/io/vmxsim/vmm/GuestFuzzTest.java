package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random guests with randomly changed VMCSs; the long run is {@link GuestFuzzer#main}. */
class GuestFuzzTest {
  /**
   * Once ended by a Java exception: CR3 outside the guest's memory under shadow paging, REP STOS
   * and REP MOVS with bit 63 of RCX set, INVLPG of an address that is not canonical.
   */
  @ParameterizedTest
  @ValueSource(longs = {771, 786, 938, 1301, 2525})
  void whatOnceCrashedDoesNot(long seed) {
    GuestFuzzer.run(seed);
  }

  @Test
  void randomGuestsComeToAnEndOfTheirMachine() {
    long steps = 0;
    for (long seed = 2_000_000; seed < 2_000_060; seed++) {
      steps += GuestFuzzer.run(seed).steps();
    }
    assertTrue(steps > 50_000, "instructions: " + steps);
  }
}
