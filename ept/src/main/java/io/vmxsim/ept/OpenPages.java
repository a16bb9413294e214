package io.vmxsim.ept;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The host's bytes of pages that programs access: what a row of a {@link TlbFilter} may hold
 * besides, so that an access needs no address. Each answer is a translation, and changes in the TLB
 * what the search for it would.
 *
 * <p>A page is open from {@link Mmu#open} on, for reads, writes or both, until its row of the
 * filter goes.
 *
 * <p>JUSTIFICATION: an object for each page, where the filter itself has arrays, since three checks
 * of bounds are then one, and every access of simulated code comes here (SideBySideExits,
 * SideBySideExecution).
 */
public final class OpenPages {
  private static final int PAGE_SHIFT = 12;
  private static final long PAGE = -1L << PAGE_SHIFT;
  private static final long NOTHING = -1;
  private static final int NOWHERE = -1;
  private static final byte[] NO_BYTES = {};

  private final TlbFilter filter;
  private final int mask;
  private final Side[] sides;
  private Side side;

  /** Those of the side in use, by the page number's low bits. */
  private Page[] pages;

  /**
   * Number and slot of the TLB entry used last of all, if that is known: using it again changes
   * nothing.
   *
   * <p>JUSTIFICATION: SideBySideExits, most of whose accesses are to one large page.
   */
  private int lastUsed = NOWHERE;

  private static final class Page {
    /** Page above denied accesses if it is open for reads, and if it is for writes. */
    private long readKey = NOTHING;

    private long writeKey = NOTHING;
    private byte[] bytes = NO_BYTES;

    /** Number and slot of the TLB entry. */
    private int where;

    /** How often that was used here. */
    private long hits;

    private boolean listed;

    void close() {
      readKey = NOTHING;
      writeKey = NOTHING;
    }
  }

  /** The pages of one side of VM transitions. */
  private static final class Side {
    private final Page[] pages;

    /** Which of them may be open. */
    private final int[] listed;

    private int listedCount;

    Side(int count, Page closed) {
      pages = new Page[count];
      Arrays.fill(pages, closed);
      listed = new int[count];
    }

    void list(int index) {
      if (!pages[index].listed) {
        pages[index].listed = true;
        listed[listedCount++] = index;
      }
    }

    void clear() {
      for (int i = 0; i < listedCount; i++) {
        Page page = pages[listed[i]];
        page.close();
        page.listed = false;
      }
      listedCount = 0;
    }
  }

  /** Stands for every page that has never been open. */
  private final Page closed = new Page();

  /**
   * All are closed.
   *
   * @param count rows of the filter, a power of two
   */
  OpenPages(TlbFilter filter, int count) {
    this.filter = filter;
    mask = count - 1;
    sides = new Side[] {new Side(count, closed), new Side(count, closed)};
    side = sides[0];
    pages = side.pages;
  }

  /**
   * The bytes of the page for a read of the program, if it is open: then the access is translated
   * and counted. Else null, and nothing has changed: {@link Mmu#translate} decides.
   *
   * @param address any; an access that crosses a page boundary gets null
   * @param question what {@link Mmu#question} gave for the access
   */
  public byte @Nullable [] readable(long address, int size, long question) {
    Page page = pages[(int) (address >>> PAGE_SHIFT) & mask];
    // An access that goes on in the next page has its last byte in one that is another's.
    return (page.readKey & question) == (address + size - 1 & PAGE) ? use(page) : null;
  }

  /** The same for a write. */
  public byte @Nullable [] writable(long address, int size, long question) {
    Page page = pages[(int) (address >>> PAGE_SHIFT) & mask];
    return (page.writeKey & question) == (address + size - 1 & PAGE) ? use(page) : null;
  }

  private byte[] use(Page page) {
    page.hits++;
    if (page.where != lastUsed) {
      filter.useAnother(page.where);
    }
    return page.bytes;
  }

  /** What {@link #readable} has just answered for an address is not used: it does not count. */
  public void retractRead(long address) {
    pages[(int) (address >>> PAGE_SHIFT) & mask].hits--;
  }

  /** Forgets every page that was opened for writes. */
  public void closeForWrites() {
    for (Side each : sides) {
      for (int i = 0; i < each.listedCount; i++) {
        each.pages[each.listed[i]].writeKey = NOTHING;
      }
    }
  }

  // ---- For the filter ------------------------------------------------------------------------

  /** Whether the TLB entry with that number and slot was used last of all. */
  boolean isLastUsed(int where) {
    return where == lastUsed;
  }

  void setLastUsed(int where) {
    lastUsed = where;
  }

  /** It is not known which TLB entry was used last. */
  void forgetLastUsed() {
    lastUsed = NOWHERE;
  }

  /** Takes the pages of side 0 or 1. */
  void turnTo(int newSide) {
    side = sides[newSide];
    pages = side.pages;
  }

  /**
   * Opens a page.
   *
   * @param key page above denied accesses
   * @param where number and slot of its TLB entry
   */
  void open(long key, int where, byte[] bytes, boolean forWrites) {
    int index = (int) (key >>> PAGE_SHIFT) & mask;
    if (pages[index] == closed) {
      pages[index] = new Page();
    }
    Page page = pages[index];
    if (page.where != where || page.bytes != bytes) {
      page.close();
      filter.addHits(page.where, page.hits);
      page.hits = 0;
      page.where = where;
      page.bytes = bytes;
    }
    if (forWrites) {
      page.writeKey = key;
    } else {
      page.readKey = key;
    }
    side.list(index);
  }

  /** Closes what is open at the place of a page, on this side. */
  void close(long pageNumber) {
    pages[(int) pageNumber & mask].close();
  }

  /** Closes what is open at the place of a page, on both sides. */
  void closeOnBothSides(long pageNumber) {
    for (Side each : sides) {
      each.pages[(int) pageNumber & mask].close();
    }
  }

  /** Closes all on this side. */
  void clear() {
    side.clear();
  }

  /** Closes all. */
  void clearAll() {
    for (Side each : sides) {
      each.clear();
    }
  }

  /** Uses of entries of one TLB that the filter has not been told of. */
  long hits(int tlb) {
    long hits = 0;
    for (Side each : sides) {
      for (Page page : each.pages) {
        hits += filter.isOf(page.where, tlb) ? page.hits : 0;
      }
    }
    return hits;
  }
}
