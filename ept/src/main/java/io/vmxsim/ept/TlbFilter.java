package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Where a TLB holds which 4-KByte page, found by one comparison instead of a search, with the
 * accesses that are permitted there as things stand; and the last translation, found sooner still.
 * The TLBs of larger pages beside it may have parts of their pages found here too.
 *
 * <p>Nothing of the model is here. The filter names only slots whose entries a search would have
 * found, and a hit changes in the TLB what the search would have changed: the entry's time of last
 * use. Its owners keep it so: {@link #forget} when an entry leaves its slot, {@link #clear} when
 * other contexts or rights come into force.
 *
 * <p>There are two sets of rows, for software on both sides of VM transitions: {@link #turnTo} puts
 * the rows of one side away for as long as the other runs. Those that are away are kept true, too.
 *
 * <p>{@link OpenPages} are pages of rows here, for as long as the row stands.
 *
 * <p>JUSTIFICATION: two numbers share a word, and a row is two elements of one array, since every
 * simulated access comes here first (MmuBenchmark, sequential and 48 pages).
 */
final class TlbFilter {
  /** Rows for each entry of the TLB, so that few pages in use share a row. */
  private static final int ROWS_PER_ENTRY = 4;

  /** Accesses whose permission a row knows: those below, which are all there are. */
  private static final int ACCESSES = 12;

  private static final int ALL_ACCESSES = (1 << ACCESSES) - 1;

  /** Bits of the number of a way; above it in a row, the number of the TLB. */
  private static final int SLOT_BITS = 10;

  private static final int SLOTS = 1 << SLOT_BITS;
  private static final int WHERE = (1 << 12) - 1;

  /** Rows that are cleared one by one. */
  private static final int FEW = 64;

  private static final int PAGE_SHIFT = 12;
  private static final long PAGE = -1L << PAGE_SHIFT;
  private static final long NOTHING = -1;

  private final boolean inUse;

  /** TLBs of larger pages: number 1 and on. */
  private final Tlb[] others = new Tlb[(WHERE >>> SLOT_BITS)];

  private int otherCount;
  private final LruSets sets;

  private final Rows[] sides;

  /** Those in use; what every access needs of them follows. */
  private Rows rows;

  private long[] table;

  private final int mask;

  private final OpenPages pages;

  /** Whether a page has ever been opened. */
  private boolean opened;

  /** The rows of one side. */
  private static final class Rows {
    /** Row n: page above denied accesses in element 2n, frame above slot in element 2n+1. */
    final long[] table;

    /**
     * Rows filled since all were cleared: their number, which stays at one more than there is room.
     */
    int filled;

    /**
     * Those rows, so that clearing a few costs little.
     *
     * <p>JUSTIFICATION: SideBySideExits, where every VM entry and exit would clear.
     */
    final int[] filledRows = new int[FEW];

    Rows(int count) {
      table = new long[2 * count];
      Arrays.fill(table, NOTHING);
    }

    void noteFilled(int row) {
      if (filled < FEW) {
        filledRows[filled] = row;
      }
      filled++;
    }

    void clear() {
      if (filled > FEW) {
        Arrays.fill(table, NOTHING);
      } else {
        for (int i = 0; i < filled; i++) {
          table[filledRows[i]] = NOTHING;
        }
      }
      filled = 0;
    }
  }

  /** Page and access of the last translation, if it used the TLB last of all; else nothing. */
  private long last = NOTHING;

  private long lastFrame;

  /** The number of the TLB that the last translation used. */
  private int lastTlb;

  /** Translations answered here, by the number of the TLB, without those of {@link #pages}. */
  private final long[] hits = new long[(WHERE >>> SLOT_BITS) + 1];

  /**
   * An empty filter.
   *
   * @param entries of the TLB; 0 for a filter that stays empty
   * @param sets of the TLB
   */
  TlbFilter(int entries, LruSets sets) {
    inUse = entries > 0 && entries <= SLOTS;
    this.sets = sets;
    int count = inUse ? Integer.highestOneBit(entries * ROWS_PER_ENTRY) : 1;
    mask = 2 * (count - 1);
    sides = new Rows[] {new Rows(count), new Rows(count)};
    rows = sides[0];
    table = rows.table;
    pages = new OpenPages(this, count);
  }

  /** The pages whose bytes may be had. */
  OpenPages pages() {
    return pages;
  }

  /** Takes the rows of side 0 or 1, which are as they were when it was turned away from. */
  void turnTo(int side) {
    rows = sides[side];
    table = rows.table;
    pages.turnTo(side);
    last = NOTHING;
  }

  /**
   * Whether a translation is of the same page and for the same access as the last one. Its entry is
   * the most recently used of the TLB, and using it changes nothing.
   */
  boolean repeats(long address, int access) {
    return ((address & PAGE) | access) == last;
  }

  /** As {@link #repeats}; then the translation counts. */
  boolean repeatsAndCounts(long address, int access) {
    boolean repeats = repeats(address, access);
    if (repeats) {
      count(lastTlb);
    }
    return repeats;
  }

  /** Counts a hit of one of the TLBs. */
  private void count(int tlb) {
    hits[tlb]++;
  }

  /** Translations answered here for the TLB with that number. */
  long hits(int tlb) {
    return hits[tlb] + pages.hits(tlb);
  }

  /** Adds uses of an entry that have been counted elsewhere. */
  void addHits(int where, long uses) {
    hits[where >>> SLOT_BITS] += uses;
  }

  /** Whether an entry is of the TLB with that number. */
  boolean isOf(int where, int tlb) {
    return where >>> SLOT_BITS == tlb;
  }

  /** Uses an entry as a search would that finds it, and counts the hit. */
  private void use(int where) {
    hits[where >>> SLOT_BITS]++;
    if (!pages.isLastUsed(where)) {
      useAnother(where);
    }
  }

  /** Uses another entry than was used last. */
  void useAnother(int where) {
    last = NOTHING;
    pages.setLastUsed(where);
    if (where < SLOTS) {
      sets.use(where);
    } else {
      others[(where >>> SLOT_BITS) - 1].useAgain(where & SLOTS - 1);
    }
  }

  /**
   * Takes in a TLB of larger pages that is looked up together with this one, and with no other.
   *
   * @return its number here; 0 if there is no place for it
   */
  int attach(Tlb tlb) {
    if (!inUse || otherCount == others.length || tlb.slots() > SLOTS) {
      return 0;
    }
    others[otherCount] = tlb;
    return ++otherCount;
  }

  /** The frame of the last translation. */
  long lastFrame() {
    return lastFrame;
  }

  /** The row of an address. */
  int row(long address) {
    return (int) (address >>> 11) & mask;
  }

  /** Whether a row is for the page of an address and permits an access. */
  boolean permits(int row, long address, int access) {
    return access < ACCESSES && (table[row] & question(access)) == (address & PAGE);
  }

  /** Where the page of a row is. */
  long frame(int row) {
    return table[row + 1] & PAGE;
  }

  /** Takes the page in a row for the last translation, which uses its entry in the TLB. */
  void take(int row, long address, int access) {
    long found = table[row + 1];
    use((int) found & WHERE);
    last = (address & PAGE) | access;
    lastFrame = found & PAGE;
    lastTlb = ((int) found & WHERE) >>> SLOT_BITS;
  }

  /**
   * What to ask of a row about an access below 12: the page, and whether the access is denied, of
   * which the answer is the page alone.
   */
  static long question(int access) {
    return PAGE | 1L << access;
  }

  /** Lets the row of an address, if it is for its page, hand out the bytes of that page. */
  void open(long address, byte[] page, boolean forWrites) {
    int row = row(address);
    if ((table[row] & PAGE) == (address & PAGE) && inUse) {
      pages.open(table[row], (int) table[row + 1] & WHERE, page, forWrites);
      opened = true;
    }
  }

  /**
   * Enters the page of the last translation.
   *
   * @param access the access made
   * @param permitted the set of accesses that a search would let through (bit n: access n)
   * @param frame of the 4-KByte page
   * @param tlb 0, or the number of the TLB that has the entry
   */
  void put(long address, int access, int permitted, long frame, int slot, int tlb) {
    if (inUse) {
      int row = row(address);
      table[row] = (address & PAGE) | (~permitted & ALL_ACCESSES);
      table[row + 1] = frame | tlb << SLOT_BITS | slot;
      if (opened) {
        pages.close(address >>> PAGE_SHIFT);
      }
      if (rows.filled <= FEW) {
        rows.noteFilled(row);
      }
      last = (address & PAGE) | access;
      lastFrame = frame;
      lastTlb = tlb;
      pages.setLastUsed(tlb << SLOT_BITS | slot);
    }
  }

  /** The TLB has been used otherwise than by the last translation put here. */
  void forgetLast() {
    last = NOTHING;
    pages.forgetLastUsed();
  }

  /** Forgets a page, given by its number, and others that share its row. */
  void forget(long pageNumber) {
    int row = row(pageNumber << 12);
    for (Rows side : sides) {
      side.table[row] = NOTHING;
    }
    pages.closeOnBothSides(pageNumber);
    forgetLast();
  }

  /** Other contexts or rights are in force on this side. */
  void clear() {
    last = NOTHING;
    rows.clear();
    pages.clear();
  }

  /** An entry has left its slot that any row may name. */
  void clearAll() {
    forgetLast();
    for (Rows side : sides) {
      side.clear();
    }
    pages.clearAll();
  }
}
