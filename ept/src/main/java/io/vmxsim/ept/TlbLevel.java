package io.vmxsim.ept;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The TLBs that serve one use, looked up together: hardware probes them in parallel, and the one
 * that holds the page's size answers. Should entries of several sizes cover an address (SDM
 * "Details of TLB Use" allows it and leaves the choice open), the smallest answers.
 */
final class TlbLevel {
  private static final PageSize[] SIZES = PageSize.values();

  /** By page size, the structure that holds it, if any. */
  private final @Nullable Tlb[] bySize = new Tlb[SIZES.length];

  /** By page size found, the size it is cached at, if at all. */
  private final @Nullable PageSize[] cachedAs = new PageSize[SIZES.length];

  /** By page size found, the structure whose miss it is, if the level exists. */
  private final @Nullable Tlb[] missedIn = new Tlb[SIZES.length];

  /** {@link #front}, and others there are with the sizes they hold, as {@link #use} tries. */
  private final Tlb[] tried;

  private final PageSize[] triedSize;

  private final Tlb front;

  /** Whether {@link #front} is one of the processor's. */
  private final boolean holds4K;

  /** Whose miss one of a 4-KByte page is; one that nobody looks at if the level does not exist. */
  private final Tlb missedFirst;

  /** Which of these answered last. */
  private int used;

  /**
   * The level of a use.
   *
   * @param tlbs all TLBs of the processor
   * @param geometries their shapes, in the same order
   */
  TlbLevel(TlbUse use, List<Tlb> tlbs, List<TlbGeometry> geometries) {
    List<Tlb> mine = new ArrayList<>();
    for (int i = 0; i < tlbs.size(); i++) {
      if (geometries.get(i).uses().contains(use)) {
        mine.add(tlbs.get(i));
      }
    }
    boolean fragments = use != TlbUse.SECOND_LEVEL && use != TlbUse.GUEST_PHYSICAL;
    for (PageSize size : SIZES) {
      for (Tlb tlb : mine) {
        if (tlb.holds(size)) {
          bySize[size.index()] = tlb;
        }
      }
    }
    List<Tlb> structures = new ArrayList<>();
    List<PageSize> sizes = new ArrayList<>();
    Tlb of4K = bySize[PageSize.SIZE_4K.index()];
    this.front = of4K != null ? of4K : Tlb.alwaysEmpty();
    for (PageSize size : SIZES) {
      Tlb tlb = size == PageSize.SIZE_4K ? front : bySize[size.index()];
      if (tlb != null) {
        structures.add(tlb);
        sizes.add(size);
      }
    }
    this.tried = structures.toArray(new Tlb[0]);
    this.triedSize = sizes.toArray(new PageSize[0]);
    this.holds4K = of4K != null;
    Tlb nearest = mine.isEmpty() ? null : mine.get(0);
    PageSize largest = null;
    for (PageSize size : SIZES) {
      Tlb own = bySize[size.index()];
      nearest = own != null ? own : nearest;
      largest = own != null ? size : fragments ? largest : null;
      missedIn[size.index()] = nearest;
      cachedAs[size.index()] = largest;
    }
    Tlb first = missedIn[0];
    missedFirst = first != null ? first : front;
  }

  /** Whether there is no structure of this use. */
  boolean isAbsent() {
    return missedIn[0] == null;
  }

  /** The structure of 4-KByte pages; one that stays empty if there is none. */
  Tlb front() {
    return front;
  }

  /**
   * The entry for an address in either context, which becomes the most recently used of its set; 0
   * if there is none. Counts nothing.
   */
  long use(long address, long contextTag, long otherContextTag) {
    long entry = front.use4K(address, contextTag, otherContextTag);
    if (entry != 0) {
      used = 0;
      return entry;
    }
    return tried.length == 1 ? 0 : useLarger(address, contextTag, otherContextTag);
  }

  private long useLarger(long address, long contextTag, long otherContextTag) {
    for (int i = 1; i < tried.length; i++) {
      long entry = tried[i].use(address, triedSize[i], contextTag, otherContextTag);
      if (entry != 0) {
        used = i;
        return entry;
      }
    }
    return 0;
  }

  /** The structures of larger pages. */
  List<Tlb> others() {
    return Arrays.stream(tried).filter(tlb -> tlb != front).toList();
  }

  /**
   * Lets the filter answer for the translation used or filled in last, of a larger page.
   *
   * @param frame of the 4-KByte page that the address lies in
   */
  void rememberPart(long address, int access, PageSize size, long frame, int permitted) {
    Tlb tlb = bySize[size.index()];
    if (tlb != null) {
      tlb.rememberPart(address, access, frame, permitted);
    }
  }

  /** Size of the entry that {@link #use} returned last. */
  PageSize usedSize() {
    return triedSize[used];
  }

  /** Counts a hit at the entry that {@link #use} returned last. */
  void countHit() {
    tried[used].countHit();
  }

  /** Counts a miss of a page of this size. */
  void countMiss(PageSize size) {
    Tlb tlb = missedIn[size.index()];
    if (tlb != null) {
      tlb.countMiss();
    }
  }

  /**
   * Caches a translation, or the part of it that the level's structures can hold.
   *
   * @param size size of the page that {@code entry} translates
   */
  void fill(long address, PageSize size, long contextTag, long entry) {
    PageSize cached = cachedAs[size.index()];
    Tlb tlb = cached == null ? null : bySize[cached.index()];
    if (cached != null && tlb != null) {
      tlb.insert(address, cached, contextTag, part(address, size, cached, entry));
    }
  }

  /** As {@link #fill}, for a translation that {@link #use} has just been found not to be here. */
  void fillAbsent(long address, PageSize size, long contextTag, long entry) {
    PageSize cached = cachedAs[size.index()];
    Tlb tlb = cached == null ? null : bySize[cached.index()];
    if (cached != null && tlb != null) {
      tlb.insertAbsent(address, cached, contextTag, part(address, size, cached, entry));
    }
  }

  /** As {@link #fillAbsent}, for a 4-KByte page that is a part of no larger one. */
  void fillAbsent4K(long address, long contextTag, long entry) {
    if (holds4K) {
      front.insertAbsent4K(address, contextTag, entry);
    }
  }

  /** Counts a miss of a 4-KByte page. */
  void countMiss4K() {
    missedFirst.countMiss();
  }

  /** The entry for the part of a page that is cached, and that the address lies in. */
  private static long part(long address, PageSize size, PageSize cached, long entry) {
    return entry + (address & (size.bytes() - 1) & -cached.bytes());
  }
}
