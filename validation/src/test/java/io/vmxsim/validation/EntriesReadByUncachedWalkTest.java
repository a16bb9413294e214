package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.NestedWalk;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.WalkObserver;
import io.vmxsim.ept.WalkResult;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Table A1: paging-entry reads of one walk with all caches off. (g+1)(h+1)-1 where every EPT page
 * has the same size, g·(hₚ+1)+h_d in general: SDM "EPT Overview" (28.2.1) has each of the g guest
 * entries and the page translated through EPT. The cells follow from that by arithmetic; 24 (4×4)
 * and 19 (with 2-MByte EPT pages) are the figures commonly quoted.
 */
class EntriesReadByUncachedWalkTest {
  /** A guest-physical address that starts a page of every size. */
  private static final long DATA = 3L << 30;

  private static final String[] GUESTS = {"5-level 4K", "4K", "2M", "1G", "paging off"};
  private static final String[] EPTS = {"5-level", "4K", "2M", "1G", "none"};
  private static final int[][] TABLE_A1 = {
    {35, 29, 23, 17, 5},
    {29, 24, 19, 14, 4},
    {23, 19, 15, 11, 3},
    {17, 14, 11, 8, 2},
    {5, 4, 3, 2, 0},
  };

  static Stream<Arguments> cellsOfTableA1() {
    return IntStream.range(0, 25)
        .mapToObj(i -> Arguments.of(GUESTS[i / 5], EPTS[i % 5], TABLE_A1[i / 5][i % 5]));
  }

  @ParameterizedTest(name = "guest {0}, EPT {1}: {2} reads")
  @MethodSource("cellsOfTableA1")
  void readsAsManyEntriesAsTableA1Says(String guest, String ept, int reads) {
    PagingMode mode =
        switch (guest) {
          case "paging off" -> PagingMode.NONE;
          case "5-level 4K" -> PagingMode.FIVE_LEVEL;
          default -> PagingMode.FOUR_LEVEL;
        };
    int guestShift = pageShift(guest);
    if (ept.equals("none")) {
      TwoDimensions bare = TwoDimensions.onBareMachine();
      assertEquals(reads, walk(bare, false, mode, guestShift));
    } else {
      int walkLength = ept.equals("5-level") ? 5 : 4;
      TwoDimensions nested = TwoDimensions.behindEpt(walkLength, pageShift(ept));
      nested.back(DATA, pageShift(ept));
      assertEquals(reads, walk(nested, true, mode, guestShift));
    }
  }

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
    nested.back(DATA, pageShift);
    assertEquals(g * (hp + 1) + hd, walk(nested, true, mode, guestShift));
  }

  private static int walk(TwoDimensions setting, boolean nested, PagingMode mode, int guestShift) {
    int[] reads = {0};
    WalkObserver counter = (dimension, level, address, entry) -> reads[0]++;
    WalkResult result = new WalkResult();
    if (mode != PagingMode.NONE) {
      setting.mapGuestPage(mode, DATA, DATA, guestShift);
    }
    WalkResult.Status status =
        nested
            ? new NestedWalk(setting.memory, counter, null)
                .walk(setting.state, setting.eptp(), EptFeatures.all(46), DATA, Access.READ, result)
            : new GuestWalk(setting.memory, counter, null)
                .walk(setting.state, DATA, Access.READ, result);
    assertEquals(WalkResult.Status.OK, status);
    assertEquals(setting.backing(DATA), result.physicalAddress());
    return reads[0];
  }

  private static int pageShift(String label) {
    return label.endsWith("1G") ? 30 : label.endsWith("2M") ? 21 : 12;
  }
}
