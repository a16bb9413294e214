package io.vmxsim.vmm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Last-level guest page tables that the guest may write without an exit. Their shadows are out of
 * step, as a TLB may be, until the guest invalidates: INVLPG brings one entry in step, a load of
 * CR3 all of them.
 */
final class UnsyncTables {
  private final boolean allowed;
  private final ShadowTables tables;
  private final Refresh refresh;
  private final List<ShadowPage> pages = new ArrayList<>();

  /** Brings one shadow entry in step with the guest's. */
  interface Refresh {
    void entry(ShadowPage page, int index);
  }

  UnsyncTables(boolean allowed, ShadowTables tables, Refresh refresh) {
    this.allowed = allowed;
    this.tables = tables;
    this.refresh = refresh;
  }

  /** Lets the guest write a shadowed frame from now on; false if it must not. */
  boolean allow(long guestFrame) {
    if (!allowed) {
      return false;
    }
    @Nullable ShadowPage first = tables.pool().shadowsOf(guestFrame);
    for (ShadowPage page = first; page != null; page = page.sibling) {
      if (page.level() != 1) {
        return false;
      }
    }
    for (ShadowPage page = first; page != null; page = page.sibling) {
      if (!page.unsync) {
        page.unsync = true;
        pages.add(page);
      }
    }
    return true;
  }

  /** Brings all tables in step and write-protects them again. */
  void syncAll() {
    for (ShadowPage page : pages) {
      if (!tables.pool().contains(page)) {
        continue;
      }
      page.unsync = false;
      tables.writeProtect(page.guestFrame);
      for (int i = 0; i < ShadowTables.ENTRIES; i++) {
        if (ShadowEntry.isPresent(tables.entry(page, i))) {
          refresh.entry(page, i);
        }
      }
    }
    pages.clear();
  }
}
