package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.PagingMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The general form behind table A1, with EPT pages of different sizes. */
class UncachedWalkReadsTest {
  @ParameterizedTest(
      name = "{0} 2^{1}-byte page, {2}-level EPT: structures 2^{3}, page 2^{4}: {5}·({6}+1)+{7}")
  @CsvSource({
    // mode, guest page, EPT depth, EPT page behind structures and behind the page, g, h_p, h_d
    "FOUR_LEVEL, 12, 4, 12, 21, 4, 4, 3", // 23
    "FOUR_LEVEL, 12, 4, 21, 12, 4, 3, 4", // 20
    "FOUR_LEVEL, 21, 4, 12, 30, 3, 4, 2", // 17
    "FOUR_LEVEL, 30, 5, 30, 12, 2, 3, 5", // 13
    "FIVE_LEVEL, 12, 5, 21, 30, 5, 4, 3", // 28
    "FIVE_LEVEL, 12, 4, 30, 12, 5, 2, 4", // 19
    "PAE, 12, 4, 12, 21, 2, 4, 3", // PDPTEs are in registers: 13
    "PAE, 21, 4, 21, 12, 1, 3, 4", // 8
    "BITS32, 12, 4, 12, 30, 2, 4, 2", // 12
    "BITS32, 22, 5, 21, 12, 1, 4, 5", // 10
  })
  void readsAsManyEntriesAsTheGeneralFormSays(
      PagingMode mode,
      int guestShift,
      int walkLength,
      int structureShift,
      int pageShift,
      int g,
      int hp,
      int hd) {
    TwoDimensions nested = TwoDimensions.behindEpt(walkLength, structureShift);
    nested.back(UncachedWalkReads.DATA, pageShift);
    assertEquals(g * (hp + 1) + hd, UncachedWalkReads.reads(nested, mode, guestShift));
  }
}
