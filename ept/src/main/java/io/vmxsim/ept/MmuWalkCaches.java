package io.vmxsim.ept;

import java.util.ArrayList;
import java.util.List;

/**
 * The caches that walks consult: paging-structure caches of both dimensions and the nested TLB,
 * under the associations in force.
 */
final class MmuWalkCaches implements WalkCaches {
  /** An entry's number of address bits at each level of EPT. */
  private static final int EPT_INDEX_BITS = 9;

  /** Flags of a cached guest-physical translation, at the places an EPT entry has them. */
  private static final int DIRTY = EptWalk.DIRTY;

  private static final long PRESENT = 1L << 63;
  private static final long FRAME = (1L << 52) - (1L << 12);
  private static final int TYPING_SHIFT = 3;

  /** By level of the structure they locate: element 1 is the PDE cache. */
  private final PagingStructureCache[] guest;

  private final PagingStructureCache[] ept;
  private final TlbLevel nested;
  private final int nestedTlbHitCost;

  private int guestContext;
  private int eptContext;
  private long eptContextTag;
  private int guestIndexBits = EPT_INDEX_BITS;

  /** Cycles spent on hits of the nested TLB. */
  long cycles;

  MmuWalkCaches(MmuGeometry geometry, TlbLevel nested, MmuCosts costs) {
    this.guest = byLevel("", geometry.guestCaches());
    this.ept = byLevel("EPT-", geometry.eptCaches());
    this.nested = nested;
    this.nestedTlbHitCost = costs.nestedTlbHit();
  }

  private static PagingStructureCache[] byLevel(
      String prefix, PagingStructureCacheGeometry geometry) {
    return new PagingStructureCache[] {
      new PagingStructureCache(prefix + "PTE-cache", 0), // no such thing: level 0 is no structure
      new PagingStructureCache(prefix + "PDE-cache", geometry.pde()),
      new PagingStructureCache(prefix + "PDPTE-cache", geometry.pdpte()),
      new PagingStructureCache(prefix + "PML4E-cache", geometry.pml4e()),
      new PagingStructureCache(prefix + "PML5E-cache", geometry.pml5e()),
    };
  }

  /**
   * Sets the contexts in force.
   *
   * @param guestContextNumber of linear or combined mappings
   * @param eptContextNumber of guest-physical mappings; of no meaning while EPT is not in use
   */
  void setContext(PagingMode mode, int guestContextNumber, int eptContextNumber) {
    guestIndexBits = mode.shift(2) - mode.shift(1);
    guestContext = guestContextNumber;
    eptContext = eptContextNumber;
    eptContextTag = Tlb.contextTag(eptContextNumber);
  }

  @Override
  public boolean findGuestTable(long linearAddress, Table found) {
    return find(guest, guestIndexBits, guestContext, linearAddress, found);
  }

  @Override
  public void guestTableUsed(long linearAddress, Table table) {
    used(guest, guestIndexBits, guestContext, linearAddress, table);
  }

  @Override
  public boolean findEptTable(long guestPhysicalAddress, Table found) {
    return find(ept, EPT_INDEX_BITS, eptContext, guestPhysicalAddress, found);
  }

  @Override
  public void eptTableUsed(long guestPhysicalAddress, Table table) {
    used(ept, EPT_INDEX_BITS, eptContext, guestPhysicalAddress, table);
  }

  /** Tries the caches from the deepest level up (SDM "Using the Paging-Structure Caches …"). */
  private static boolean find(
      PagingStructureCache[] caches, int indexBits, int context, long address, Table found) {
    for (int level = 1; level < caches.length; level++) {
      if (!caches[level].isAbsent()
          && caches[level].find(address, coverage(level, indexBits), context, found)) {
        found.level = level;
        return true;
      }
    }
    return false;
  }

  private static void used(
      PagingStructureCache[] caches, int indexBits, int context, long address, Table table) {
    PagingStructureCache cache = caches[table.level];
    if (!cache.isAbsent()) {
      cache.insert(address, coverage(table.level, indexBits), context, table);
    }
  }

  /** Number of address bits that a structure of this level translates. */
  private static int coverage(int level, int indexBits) {
    return PageSize.SIZE_4K.shift() + level * indexBits;
  }

  @Override
  public boolean findGuestPhysical(long guestPhysicalAddress, GuestPhysicalTranslation found) {
    long entry = nested.use(guestPhysicalAddress, eptContextTag, eptContextTag);
    if (entry == 0) {
      return false;
    }
    found.frame = entry & FRAME;
    found.pageShift = nested.usedSize().shift();
    found.rights = (int) entry & EptRights.ALL;
    found.memoryTyping = (int) entry >>> TYPING_SHIFT & 0xF;
    found.dirty = (entry & DIRTY) != 0;
    nested.countHit();
    cycles += nestedTlbHitCost;
    return true;
  }

  @Override
  public void guestPhysicalTranslated(
      long guestPhysicalAddress, GuestPhysicalTranslation translation) {
    PageSize size = PageSize.within(translation.pageShift);
    long entry =
        PRESENT
            | translation.frame
            | translation.rights
            | (long) translation.memoryTyping << TYPING_SHIFT
            | (translation.dirty ? DIRTY : 0);
    nested.countMiss(size);
    nested.fill(guestPhysicalAddress, size, eptContextTag, entry);
  }

  /** Drops all paging-structure-cache entries of the chosen contexts. */
  void drop(CoveredContexts contexts) {
    for (int level = 1; level < guest.length; level++) {
      guest[level].drop(contexts);
      ept[level].drop(contexts);
    }
  }

  /**
   * Drops, in the chosen contexts, the paging-structure-cache entries that would be used for an
   * address: linear or guest-physical, as the contexts are.
   */
  void drop(CoveredContexts contexts, long address) {
    for (int level = 1; level < guest.length; level++) {
      guest[level].drop(contexts, address);
      ept[level].drop(contexts, address);
    }
  }

  void dropAll() {
    for (int level = 1; level < guest.length; level++) {
      guest[level].dropAll();
      ept[level].dropAll();
    }
  }

  /** Whether the processor has none of these caches, so that walks need not ask. */
  boolean isAbsent() {
    for (int level = 1; level < guest.length; level++) {
      if (!guest[level].isAbsent() || !ept[level].isAbsent()) {
        return false;
      }
    }
    return nested.isAbsent();
  }

  /** Adds the counts of the caches that exist. */
  void count(List<MmuStatistics.Structure> into) {
    List<PagingStructureCache> all = new ArrayList<>(List.of(guest));
    all.addAll(List.of(ept));
    for (PagingStructureCache cache : all) {
      if (!cache.isAbsent()) {
        into.add(new MmuStatistics.Structure(cache.name(), cache.hits, cache.misses));
      }
    }
  }
}
