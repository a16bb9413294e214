package io.vmxsim.validation;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.NestedWalk;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.WalkObserver;
import io.vmxsim.ept.WalkResult;
import java.util.ArrayList;
import java.util.List;

/**
 * Table A1: paging-entry reads of one walk with all caches off. (g+1)(h+1)-1 where every EPT page
 * has the same size, g·(hₚ+1)+h_d in general: SDM "EPT Overview" (28.2.1) has each of the g guest
 * entries and the page translated through EPT. The cells follow from that by arithmetic.
 */
final class UncachedWalkReads {
  /** A guest-physical address that starts a page of every size. */
  static final long DATA = 3L << 30;

  private static final String[] GUESTS = {"5-level 4K", "4K", "2M", "1G", "paging off"};
  private static final String[] EPTS = {"5-level", "4K", "2M", "1G", "none"};
  private static final int[][] TABLE = {
    {35, 29, 23, 17, 5},
    {29, 24, 19, 14, 4},
    {23, 19, 15, 11, 3},
    {17, 14, 11, 8, 2},
    {5, 4, 3, 2, 0},
  };

  /** Agile paging: after k levels of shadow, k + 5(4-k) reads. */
  private static final int[] AGILE = {20, 16, 12, 8, 4};

  private UncachedWalkReads() {}

  static List<PublishedRow> rows() {
    List<PublishedRow> rows = new ArrayList<>();
    for (int g = 0; g < GUESTS.length; g++) {
      for (int e = 0; e < EPTS.length; e++) {
        rows.add(row(GUESTS[g], EPTS[e], TABLE[g][e]));
      }
    }
    for (int k = 0; k < AGILE.length; k++) {
      rows.add(
          PublishedRow.notRun(
              "agile paging, " + k + " shadow levels",
              Label.EXACT,
              Expectation.equal(AGILE[k]),
              "reads",
              "k + 5(4-k); agile paging, ISCA 2016",
              Grade.DERIVED,
              "agile paging is not modelled"));
    }
    return rows;
  }

  private static PublishedRow row(String guest, String ept, int reads) {
    boolean quoted = guest.equals("4K") && List.of("4K", "2M", "none").contains(ept);
    return PublishedRow.exact(
        "guest " + guest + ", EPT " + ept,
        reads,
        "reads",
        quoted ? "the figure commonly quoted" : "(g+1)(h+1)-1, from SDM 28.2.1",
        quoted ? Grade.SECONDARY : Grade.DERIVED,
        () -> reads(guest, ept));
  }

  private static int reads(String guest, String ept) {
    PagingMode mode =
        switch (guest) {
          case "paging off" -> PagingMode.NONE;
          case "5-level 4K" -> PagingMode.FIVE_LEVEL;
          default -> PagingMode.FOUR_LEVEL;
        };
    if (ept.equals("none")) {
      return reads(TwoDimensions.onBareMachine(), mode, pageShift(guest));
    }
    TwoDimensions nested = TwoDimensions.behindEpt(ept.equals("5-level") ? 5 : 4, pageShift(ept));
    nested.back(DATA, pageShift(ept));
    return reads(nested, mode, pageShift(guest));
  }

  /**
   * Entries that a walk for {@link #DATA} reads, which is mapped first unless paging is off.
   *
   * @throws IllegalStateException if the walk ends elsewhere than where the page was put
   */
  static int reads(TwoDimensions setting, PagingMode mode, int guestShift) {
    int[] reads = {0};
    WalkObserver counter = (dimension, level, address, entry) -> reads[0]++;
    WalkResult result = new WalkResult();
    if (mode != PagingMode.NONE) {
      setting.mapGuestPage(mode, DATA, DATA, guestShift);
    }
    WalkResult.Status status =
        setting.isNested()
            ? new NestedWalk(setting.memory, counter, null)
                .walk(setting.state, setting.eptp(), EptFeatures.all(46), DATA, Access.READ, result)
            : new GuestWalk(setting.memory, counter, null)
                .walk(setting.state, DATA, Access.READ, result);
    if (status != WalkResult.Status.OK || result.physicalAddress() != setting.backing(DATA)) {
      throw new IllegalStateException("%s at %#x".formatted(status, result.physicalAddress()));
    }
    return reads[0];
  }

  private static int pageShift(String label) {
    return label.endsWith("1G") ? 30 : label.endsWith("2M") ? 21 : 12;
  }
}
