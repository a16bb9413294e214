package io.vmxsim.vmm;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The shadow pages there are, found by guest frame and role or by number, in order of creation. It
 * knows which guest frames are shadowed, hence write-protected.
 */
final class ShadowPool {
  private final HostFrames frames;
  private final List<@Nullable ShadowPage> byId = new ArrayList<>();
  private final IntArrayList freeIds = new IntArrayList();

  /** Shadows of guest tables by guest frame; the others of a frame hang on as siblings. */
  private final Long2ObjectOpenHashMap<ShadowPage> shadows = new Long2ObjectOpenHashMap<>();

  /** Direct pages, which protect nothing, apart. */
  private final Long2ObjectOpenHashMap<ShadowPage> direct = new Long2ObjectOpenHashMap<>();

  /** Pages by the host-physical address of their table. */
  private final Long2ObjectOpenHashMap<ShadowPage> byTable = new Long2ObjectOpenHashMap<>();

  /**
   * Shadowed guest frames per 2 MBytes and per 1 GByte of guest-physical memory, by frame >> 9n.
   */
  private final Long2IntOpenHashMap shadowedIn2M = new Long2IntOpenHashMap();

  private final Long2IntOpenHashMap shadowedIn1G = new Long2IntOpenHashMap();

  private @Nullable ShadowPage oldest;
  private @Nullable ShadowPage newest;
  private int size;

  ShadowPool(HostFrames frames) {
    this.frames = frames;
  }

  /** The shadow page of that frame and role, or null. */
  @Nullable ShadowPage find(long guestFrame, int role) {
    ShadowPage page = map(role).get(guestFrame);
    while (page != null && page.role != role) {
      page = page.sibling;
    }
    return page;
  }

  /** Makes a shadow page, its entries all 0. */
  ShadowPage create(long guestFrame, int role) {
    int id = freeIds.isEmpty() ? byId.size() : freeIds.popInt();
    ShadowPage page = new ShadowPage(id, frames.allocate(), guestFrame, role);
    if (id == byId.size()) {
      byId.add(page);
    } else {
      byId.set(id, page);
    }
    byTable.put(page.table, page);
    page.sibling = map(role).put(guestFrame, page);
    if (page.sibling == null && !page.direct()) {
      shadowedIn2M.addTo(guestFrame >>> 9, 1);
      shadowedIn1G.addTo(guestFrame >>> 18, 1);
    }
    page.older = newest;
    if (newest == null) {
      oldest = page;
    } else {
      newest.newer = page;
    }
    newest = page;
    size++;
    return page;
  }

  /** Takes a page, to which nothing points any more, out of the pool and gives its frame back. */
  void remove(ShadowPage page) {
    unlinkSibling(page);
    if (page.older == null) {
      oldest = page.newer;
    } else {
      page.older.newer = page.newer;
    }
    if (page.newer == null) {
      newest = page.older;
    } else {
      page.newer.older = page.older;
    }
    byTable.remove(page.table);
    byId.set(page.id, null);
    freeIds.add(page.id);
    frames.release(page.table);
    size--;
  }

  private void unlinkSibling(ShadowPage page) {
    Long2ObjectOpenHashMap<ShadowPage> map = map(page.role);
    ShadowPage first = map.get(page.guestFrame);
    if (first != page) {
      ShadowPage before = first;
      while (before.sibling != page) {
        before = Objects.requireNonNull(before.sibling);
      }
      before.sibling = page.sibling;
    } else if (page.sibling != null) {
      map.put(page.guestFrame, page.sibling);
    } else {
      map.remove(page.guestFrame);
      if (!page.direct()) {
        shadowedIn2M.addTo(page.guestFrame >>> 9, -1);
        shadowedIn1G.addTo(page.guestFrame >>> 18, -1);
      }
    }
  }

  /** The page that holds shadow entry number {@code entry}. */
  ShadowPage holder(int entry) {
    ShadowPage page = byId.get(entry >>> 9);
    if (page == null) {
      throw new IllegalStateException("shadow entry %#x belongs to no page".formatted(entry));
    }
    return page;
  }

  /** The page whose table lies at that host-physical address; it must be one. */
  ShadowPage at(long table) {
    return byTable.get(table);
  }

  /** Whether the page is still in use. */
  boolean contains(ShadowPage page) {
    return byTable.get(page.table) == page;
  }

  /** First of the shadows of the guest table in that frame, the others being its siblings. */
  @Nullable ShadowPage shadowsOf(long guestFrame) {
    return shadows.get(guestFrame);
  }

  /** Whether a frame of the page of {@code level} (1 = 4 KBytes) around that frame is shadowed. */
  boolean shadowsWithin(long guestFrame, int level) {
    return switch (level) {
      case 1 -> shadows.containsKey(guestFrame);
      case 2 -> shadowedIn2M.get(guestFrame >>> 9) > 0;
      default -> shadowedIn1G.get(guestFrame >>> 18) > 0;
    };
  }

  /** The page made first, or null. */
  @Nullable ShadowPage oldest() {
    return oldest;
  }

  int size() {
    return size;
  }

  private Long2ObjectOpenHashMap<ShadowPage> map(int role) {
    return ShadowRole.direct(role) ? direct : shadows;
  }
}
