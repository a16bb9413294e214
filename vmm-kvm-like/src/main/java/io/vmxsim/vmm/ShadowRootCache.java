package io.vmxsim.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The root in use and, behind it, the least recently used roots that a MOV to CR3 may come back to:
 * a hit saves finding and synchronizing a root. Roots held = cached + 1, so a guest that goes round
 * N roots misses none if N ≤ cached + 1 and, the replacement being LRU, all of them otherwise.
 */
final class ShadowRootCache {
  private final int capacity;
  private final Consumer<ShadowRoot> release;
  private final List<ShadowRoot> roots; // most recently used first; few, so a list is the cache
  private long hits;
  private long misses;

  /**
   * An empty cache.
   *
   * @param cached roots kept besides the one in use, 0 or more
   * @param release what to do with a root that falls out
   */
  ShadowRootCache(int cached, Consumer<ShadowRoot> release) {
    if (cached < 0) {
      throw new IllegalArgumentException("cached roots: " + cached);
    }
    this.capacity = cached + 1;
    this.release = release;
    this.roots = new ArrayList<>(capacity + 1);
  }

  /** Makes the root of {@code cr3} and {@code role} the one in use; null, a miss, if not held. */
  @Nullable ShadowRoot use(long cr3, int role) {
    for (int i = 0; i < roots.size(); i++) {
      ShadowRoot root = roots.get(i);
      if (root.cr3() == cr3 && root.role() == role) {
        roots.remove(i);
        roots.add(0, root);
        hits++;
        return root;
      }
    }
    misses++;
    return null;
  }

  /** Makes a new root the one in use; the least recently used may fall out. */
  void add(ShadowRoot root) {
    roots.add(0, root);
    if (roots.size() > capacity) {
      release.accept(roots.remove(roots.size() - 1));
    }
  }

  /** Drops and releases every root that contains {@code page}. */
  void forget(ShadowPage page) {
    for (int i = roots.size() - 1; i >= 0; i--) {
      if (roots.get(i).contains(page)) {
        release.accept(roots.remove(i));
      }
    }
  }

  /** Loads of CR3 that found their root. */
  long hits() {
    return hits;
  }

  /** Loads of CR3 that had to find or build their root. */
  long misses() {
    return misses;
  }
}
