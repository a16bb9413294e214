package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.WalkObserver.Dimension;
import org.junit.jupiter.api.Test;

/** Each entry a walk reads counts in its own cell of the grid. */
class WalkGridTest {
  @Test
  void anUncachedWalkOf4By4LevelsReadsEachOf24CellsOnce() {
    WalkGrid grid = new WalkGrid();
    GuestOnEpt guest = GuestOnEpt.nested(GuestOnEpt.RW_USER);

    new NestedWalk(guest.memory, grid, null)
        .walk(
            guest.state,
            guest.ept.eptp(false),
            guest.features,
            GuestOnEpt.LINEAR,
            Access.READ,
            guest.result);
    grid.walkEnded();

    assertEquals(1, grid.walks());
    for (int guestLevel = 0; guestLevel <= 4; guestLevel++) {
      for (int eptLevel = 0; eptLevel <= 4; eptLevel++) {
        int expected = guestLevel == 0 && eptLevel == 0 ? 0 : 1;
        assertEquals(expected, grid.reads(guestLevel, eptLevel), guestLevel + "," + eptLevel);
      }
    }
  }

  /** What was read behind the last guest entry is the page's, also if the next walk reads none. */
  @Test
  void theEndOfAWalkParts() {
    WalkGrid grid = new WalkGrid();
    grid.entryRead(Dimension.GUEST, 1, 0, 0);
    grid.entryRead(Dimension.EPT, 1, 0, 0);
    grid.walkEnded();
    grid.entryRead(Dimension.EPT, 1, 0, 0);
    grid.entryRead(Dimension.GUEST, 1, 0, 0);
    grid.walkEnded();

    assertEquals(2, grid.walks());
    assertEquals(2, grid.reads(1, WalkGrid.LAST));
    assertEquals(1, grid.reads(1, 1));
    assertEquals(1, grid.reads(WalkGrid.LAST, 1));

    grid.reset();
    assertEquals(0, grid.walks() + grid.reads(1, 1) + grid.reads(1, WalkGrid.LAST));
  }
}
