package io.vmxsim.ept;

import java.util.Set;

/**
 * A TLB of any geometry with true LRU replacement.
 *
 * <p>A tag is the page number, its size and the number of the context it is associated with, in one
 * long, so a lookup compares with two: the current context's tag and that of its global
 * translations. Linear addresses are canonical, so bits 56:12 identify the page.
 *
 * <p>A value is opaque here but for two fields (see {@link TlbEntry}): it is never 0, and it tells
 * the size of the guest page that the entry is a part of.
 */
final class Tlb {
  private static final long VALID = 1L << 63;
  private static final int CONTEXT_SHIFT = 47;
  private static final int SIZE_SHIFT = 45;
  private static final long CONTEXT_MASK = TranslationContexts.CAPACITY - 1;
  private static final long PAGE_MASK = (1L << SIZE_SHIFT) - 1;
  private static final long PAGE_TAG_MASK = (1L << CONTEXT_SHIFT) - 1;
  static final long ADDRESS_MASK = (1L << 57) - 1;
  private static final PageSize[] SIZES = PageSize.values();

  private final LruSets sets;
  private final int setCount;

  /** Sets minus one if they are a power of two, else -1. */
  private final int setMask;

  /** Shift that folds the next field of the page number onto the set index. */
  private final int foldShift;

  private final String name;

  /** What finds pages without a search: its own, or that of a TLB of 4-KByte pages. */
  private TlbFilter filter;

  /** The number of this TLB in the filter: 0 in its own. */
  private int number;

  private final boolean filtered;

  private final boolean[] holds = new boolean[SIZES.length];

  /** Where the parts of larger guest pages are, of which one address names several. */
  private final Fragments fragments;

  /** Slot of the entry used or inserted last. */
  private int lastSlot;

  private long hits;
  private long misses;

  /**
   * An empty TLB.
   *
   * @param filtered whether {@link #remember} is of use
   */
  Tlb(TlbGeometry geometry, boolean filtered) {
    this.name = geometry.name();
    this.setCount = geometry.sets();
    this.sets = new LruSets(setCount, geometry.ways(), PAGE_TAG_MASK);
    this.fragments = new Fragments(sets.slots());
    this.filter = new TlbFilter(filtered ? geometry.entries() : 0, sets);
    this.filtered = filtered;
    this.setMask = Integer.bitCount(setCount) == 1 ? setCount - 1 : -1;
    this.foldShift =
        geometry.hash() == IndexHash.XOR_FOLD ? Integer.numberOfTrailingZeros(setCount) : 63;
    for (PageSize size : geometry.pageSizes()) {
      holds[size.index()] = true;
    }
  }

  /** A TLB that nothing is ever put into. */
  static Tlb alwaysEmpty() {
    Set<PageSize> only4K = Set.of(PageSize.SIZE_4K);
    return new Tlb(
        new TlbGeometry("none", Set.of(TlbUse.LOAD), 1, 1, only4K, IndexHash.MODULO), false);
  }

  String name() {
    return name;
  }

  void countHit() {
    hits++;
  }

  void countMiss() {
    misses++;
  }

  long hits() {
    return hits + (filtered ? filter.hits(number) : 0);
  }

  long misses() {
    return misses;
  }

  boolean holds(PageSize size) {
    return holds[size.index()];
  }

  /** The context's part of a tag. */
  static long contextTag(int context) {
    return VALID | (long) context << CONTEXT_SHIFT;
  }

  private static int contextOf(long tag) {
    return (int) (tag >>> CONTEXT_SHIFT & CONTEXT_MASK);
  }

  private static PageSize sizeOf(long tag) {
    return SIZES[(int) (tag >>> SIZE_SHIFT) & 3];
  }

  private static long pageNumber(long address, PageSize size) {
    return (address & ADDRESS_MASK) >>> size.shift();
  }

  private static long pageNumber4K(long address) {
    return (address & ADDRESS_MASK) >>> 12;
  }

  /** The page's part of a tag. */
  private static long pageTag(long pageNumber, PageSize size) {
    return (long) size.index() << SIZE_SHIFT | pageNumber;
  }

  private int set(long pageNumber) {
    long folded = pageNumber ^ pageNumber >>> foldShift;
    return setMask >= 0 ? (int) folded & setMask : (int) (folded % setCount);
  }

  /**
   * The entry for the page of {@code size} that holds the address, in either context, or 0. The
   * entry becomes the most recently used of its set.
   */
  long use(long address, PageSize size, long contextTag, long otherContextTag) {
    long page = pageNumber(address, size);
    long tag = pageTag(page, size);
    return use(sets.find(set(page), contextTag | tag, otherContextTag | tag));
  }

  /** As {@link #use}, for a 4-KByte page. */
  long use4K(long address, long contextTag, long otherContextTag) {
    long page = pageNumber4K(address); // which is its tag: the size is number 0
    return use(sets.find(set(page), contextTag | page, otherContextTag | page));
  }

  private long use(int slot) {
    if (slot < 0) {
      return 0;
    }
    sets.use(slot);
    used(slot);
    return sets.value(slot);
  }

  private void used(int slot) {
    lastSlot = slot;
    filter.forgetLast();
  }

  /** Stores an entry over the one for the same page and context, if there is one. */
  void insert(long address, PageSize size, long contextTag, long value) {
    long page = pageNumber(address, size);
    long tag = contextTag | pageTag(page, size);
    int set = set(page);
    put(set, sets.place(set, tag), tag, value);
  }

  /** Stores an entry for a page and a context of which there is none. */
  void insertAbsent(long address, PageSize size, long contextTag, long value) {
    long page = pageNumber(address, size);
    int set = set(page);
    put(set, sets.oldest(set), contextTag | pageTag(page, size), value);
  }

  /** As {@link #insertAbsent}, for a 4-KByte page that is a part of no larger one. */
  void insertAbsent4K(long address, long contextTag, long value) {
    long page = pageNumber4K(address);
    long tag = contextTag | page;
    int set = set(page);
    int slot = sets.oldest(set);
    leave(slot);
    sets.put(set, slot, tag, value);
    used(slot);
  }

  private void put(int set, int slot, long tag, long value) {
    leave(slot);
    sets.put(set, slot, tag, value);
    int shift = sizeOf(tag).shift();
    int guestShift = TlbEntry.guestPageShift(value);
    if (guestShift > shift) {
      fragments.add(slot, (tag & PAGE_MASK) << shift, guestShift);
    }
    used(slot);
  }

  // ---- The filter ----------------------------------------------------------------------------

  /** What may answer for this TLB while contexts and rights stay as they are. */
  TlbFilter filter() {
    return filter;
  }

  /** Number of ways of all sets. */
  int slots() {
    return sets.slots();
  }

  /**
   * Has the filter of the TLB of 4-KByte pages that it is looked up with, and no other is, find its
   * pages too. Before the first translation.
   */
  void joinFilter(TlbFilter of4K) {
    int given = filtered ? of4K.attach(this) : 0;
    if (given != 0) {
      number = given;
      filter = of4K;
    }
  }

  /** The filter has found the entry in a slot, which a search would use. */
  void useAgain(int slot) {
    sets.use(slot);
  }

  /**
   * Lets the filter answer for the entry used or inserted last, if it is for a 4-KByte page.
   *
   * @param access the access made
   * @param permitted the set of accesses permitted there as things stand
   */
  void remember(long address, int access, long value, int permitted) {
    filter.put(address, access, permitted, TlbEntry.frame(value), lastSlot, 0);
  }

  /** As {@link #remember}, for a larger page, of which the filter learns 4 KBytes. */
  void rememberPart(long address, int access, long frame, int permitted) {
    if (number != 0) {
      filter.put(address, access, permitted, frame, lastSlot, number);
    }
  }

  // ---- Invalidation --------------------------------------------------------------------------

  /** Drops every entry of the chosen contexts. */
  void drop(CoveredContexts contexts) {
    int slot = -1;
    for (int left = sets.heldCount(); left > 0; left--) {
      slot = sets.nextHeld(slot + 1);
      if (contexts.contain(contextOf(sets.tag(slot)))) {
        drop(slot);
      }
    }
  }

  /**
   * Drops, in the chosen contexts, every entry for the address: any size, and every part of the
   * guest page that the address lies on (SDM "Details of TLB Use").
   */
  void drop(CoveredContexts contexts, long address) {
    for (int size = 0; size < Fragments.SIZES; size++) {
      int slot = fragments.first(address, size);
      while (slot >= 0) {
        int next = fragments.next(slot);
        dropIfCovered(slot, contexts, address);
        slot = next;
      }
    }
    for (PageSize size : SIZES) {
      if (holds(size)) {
        int first = set(pageNumber(address, size)) * sets.ways();
        for (int slot = first; slot < first + sets.ways(); slot++) {
          dropIfCovered(slot, contexts, address);
        }
      }
    }
  }

  private void dropIfCovered(int slot, CoveredContexts contexts, long address) {
    long tag = sets.tag(slot);
    if (tag != 0 && covers(slot, tag, address) && contexts.contain(contextOf(tag))) {
      drop(slot);
    }
  }

  private void drop(int slot) {
    leave(slot);
    sets.drop(slot);
  }

  /** The filter, the counts and the lists learn that a slot is about to lose its entry, if any. */
  private void leave(int slot) {
    long tag = sets.tag(slot);
    if (tag != 0) {
      if (number != 0) {
        filter.clearAll(); // it may have learnt any part
      } else if (filtered) {
        filter.forget(tag & PAGE_MASK);
      }
      fragments.remove(slot);
    }
  }

  private boolean covers(int slot, long tag, long address) {
    int shift = sizeOf(tag).shift();
    long start = (tag & PAGE_MASK) << shift;
    int granularity = Math.max(shift, TlbEntry.guestPageShift(sets.value(slot)));
    return ((start ^ address) & ADDRESS_MASK) >>> granularity == 0;
  }

  void dropAll() {
    sets.dropAll();
    filter.clearAll();
    fragments.clear();
  }
}
