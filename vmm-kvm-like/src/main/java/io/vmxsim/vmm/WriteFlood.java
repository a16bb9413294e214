package io.vmxsim.vmm;

import org.jspecify.annotations.Nullable;

/**
 * Tells a guest page table from memory that used to be one, or that is about to be filled or torn
 * down: writes that follow one another without anything being used in between are a flood, and it
 * is cheaper to stop shadowing the frame than to exit for each.
 */
final class WriteFlood {
  private final int limit;
  private final ShadowTables tables;
  private long frame = -1;
  private int writes;
  private @Nullable ShadowPage updatedPage;
  private int updatedIndex;

  /**
   * @param limit the write that is one too many; 0 for never
   */
  WriteFlood(int limit, ShadowTables tables) {
    this.limit = limit;
    this.tables = tables;
  }

  /** A shadowed frame is about to be written; whether that makes a flood. */
  boolean write(long guestFrame) {
    if (guestFrame == frame && !lastUpdateWasUsed()) {
      writes++;
    } else {
      frame = guestFrame;
      writes = 1;
    }
    updatedPage = null;
    return limit > 0 && writes >= limit;
  }

  /** A write updated that shadow entry, its accessed flag clear: if it gets set, it was of use. */
  void updated(ShadowPage page, int index) {
    updatedPage = page;
    updatedIndex = index;
  }

  /** A fault filled a shadow entry: the tables are in use as such. */
  void filled() {
    writes = 0;
  }

  private boolean lastUpdateWasUsed() {
    ShadowPage page = updatedPage;
    return page != null
        && tables.pool().contains(page)
        && (tables.entry(page, updatedIndex) & ShadowEntry.ACCESSED) != 0;
  }
}
