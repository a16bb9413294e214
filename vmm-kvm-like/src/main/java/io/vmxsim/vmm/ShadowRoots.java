package io.vmxsim.vmm;

import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds the shadow root that answers to the guest's CR3 and paging mode. Roots of 4-level and
 * 5-level paging are cached; those of PAE format, which depend on four entries and not on CR3
 * alone, are put together each time, as in KVM.
 */
final class ShadowRoots {
  private static final int PAE_DIRECTORIES = 4;

  private final Vm vm;
  private final PagingState state;
  private final ShadowTables tables;
  private final ShadowRootCache cache;

  /** The page-directory-pointer table of PAE format: the processor loads it, and never walks it. */
  private final long paeTable;

  private @Nullable ShadowRoot inUse;
  private long released;

  ShadowRoots(Vm vm, PagingState state, ShadowTables tables, int cachedRoots) {
    this.vm = vm;
    this.state = state;
    this.tables = tables;
    this.cache = new ShadowRootCache(cachedRoots, this::release);
    this.paeTable = vm.frames().allocate();
  }

  /** Makes the root for the guest's registers the one in use. */
  void load() {
    ShadowRoot old = inUse;
    if (old != null && ShadowRole.pae(old.role())) {
      release(old);
    }
    inUse =
        switch (state.mode()) {
          case NONE, BITS32, PAE -> paeRoot(state.mode());
          case FOUR_LEVEL, FIVE_LEVEL -> longRoot(state.mode().topLevel());
        };
  }

  private ShadowRoot longRoot(int level) {
    long cr3 = state.cr3() & ShadowEntry.FRAME;
    int role = ShadowRole.of(level, ShadowRole.ALL, false, state.efer());
    ShadowRoot root = cache.use(cr3, role);
    if (root == null) {
      ShadowPage top = tables.page(cr3 >>> 12, role);
      top.roots++;
      root = new ShadowRoot(cr3, role, top.table, List.of(top));
      cache.add(root);
    }
    return root;
  }

  private ShadowRoot paeRoot(PagingMode mode) {
    List<@Nullable ShadowPage> tops = new ArrayList<>(Collections.nCopies(PAE_DIRECTORIES, null));
    for (int i = 0; i < PAE_DIRECTORIES; i++) {
      long entry = ShadowEntry.ABSENT;
      if (mode != PagingMode.PAE || (state.pdpte(i) & ShadowEntry.PRESENT) != 0) {
        ShadowPage top = paeTop(mode, i);
        top.roots++;
        tops.set(i, top);
        entry = ShadowEntry.paePointer(top.table);
      }
      vm.memory().write64(paeTable + i * 8L, entry);
    }
    int role = ShadowRole.of(3, ShadowRole.ALL, true, 0);
    return new ShadowRoot(state.cr3() & ShadowEntry.FRAME, role, paeTable, tops);
  }

  private ShadowPage paeTop(PagingMode mode, int i) {
    return switch (mode) {
      case NONE -> tables.page((long) i << 18, ShadowRole.ofDirect(2, ShadowRole.ALL, true));
      case BITS32 ->
          tables.page(
              (state.cr3() & ShadowEntry.FRAME) >>> 12,
              ShadowRole.ofNarrow(2, ShadowRole.ALL, i, state.cr4()));
      default ->
          tables.page(
              (state.pdpte(i) & ShadowEntry.FRAME) >>> 12,
              ShadowRole.of(2, ShadowRole.ALL, true, state.efer()));
    };
  }

  /** The root in use; made anew if its page was done away with. */
  ShadowRoot inUse() {
    if (inUse == null) {
      load();
    }
    return Objects.requireNonNull(inUse);
  }

  /** The shadow page at which the walk for {@code linear} begins; null if the guest has none. */
  @Nullable ShadowPage topIfAny(long linear) {
    ShadowRoot root = inUse();
    int which = root.tops().size() == 1 ? 0 : (int) (linear >>> 30) & (PAE_DIRECTORIES - 1);
    return root.tops().get(which);
  }

  /** The shadow page at which the walk for {@code linear} begins; there must be one. */
  ShadowPage top(long linear) {
    ShadowPage top = topIfAny(linear);
    if (top == null) {
      throw new IllegalStateException("no page directory for linear %#x".formatted(linear));
    }
    return top;
  }

  /** A shadow page is about to go: no root may contain it. */
  void forget(ShadowPage page) {
    ShadowRoot current = inUse;
    if (current != null && current.contains(page)) {
      inUse = null;
      if (ShadowRole.pae(current.role())) {
        release(current);
      }
    }
    cache.forget(page);
  }

  private void release(ShadowRoot root) {
    for (ShadowPage top : root.tops()) {
      if (top != null) {
        top.roots--;
      }
    }
    released++;
  }

  /** Loads of CR3, in 4-level and 5-level paging, that found their root. */
  long hits() {
    return cache.hits();
  }

  /** Loads of CR3, in 4-level and 5-level paging, that did not find their root. */
  long misses() {
    return cache.misses();
  }

  /** Roots given up. */
  long released() {
    return released;
  }
}
