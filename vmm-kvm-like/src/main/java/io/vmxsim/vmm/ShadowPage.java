package io.vmxsim.vmm;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import org.jspecify.annotations.Nullable;

/** One shadow paging structure: a host frame that the processor walks in place of a guest's. */
final class ShadowPage {
  /** Its number in the pool; an entry's number is {@code id << 9 | index}. */
  final int id;

  /** Host-physical address of the frame that holds the 512 entries. */
  final long table;

  /** The guest frame it shadows; for a direct page, the first guest frame it maps. */
  final long guestFrame;

  /** See {@link ShadowRole}. */
  final int role;

  /** Numbers of the shadow entries that point here. */
  final IntArrayList parents = new IntArrayList(1);

  /** Roots that contain it: it cannot be reclaimed while one does. */
  int roots;

  /** The guest may write the table without an exit: its entries hold until the next sync. */
  boolean unsync;

  /** Another shadow of the same guest frame. */
  @Nullable ShadowPage sibling;

  /** Neighbours in order of creation, oldest first. */
  @Nullable ShadowPage older;

  @Nullable ShadowPage newer;

  ShadowPage(int id, long table, long guestFrame, int role) {
    this.id = id;
    this.table = table;
    this.guestFrame = guestFrame;
    this.role = role;
  }

  int level() {
    return ShadowRole.level(role);
  }

  boolean direct() {
    return ShadowRole.direct(role);
  }

  int entry(int index) {
    return id << 9 | index;
  }
}
