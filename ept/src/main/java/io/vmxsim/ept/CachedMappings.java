package io.vmxsim.ept;

import io.vmxsim.ept.Invalidation.Extent;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * All that a logical processor caches of translations: its TLBs, and what walks go by.
 * Invalidations reach all of it alike, by rows of {@link Invalidation}.
 */
final class CachedMappings {
  private final Tlb[] tlbs;
  private final List<TlbGeometry> geometries;
  private final TlbLevel[] first;
  private final MmuWalkCaches walkCaches;
  private final TranslationContexts contexts = new TranslationContexts();
  private final CoveredContexts covered = new CoveredContexts(contexts);

  /**
   * @param filtered whether TLBs of the first level have filters
   */
  CachedMappings(MmuGeometry geometry, MmuCosts costs, boolean filtered) {
    geometries = geometry.tlbs();
    tlbs = new Tlb[geometries.size()];
    for (int i = 0; i < tlbs.length; i++) {
      TlbGeometry tlb = geometries.get(i);
      tlbs[i] = new Tlb(tlb, filtered && tlb.uses().stream().anyMatch(TlbUse::isFirstLevel));
    }
    first = new TlbLevel[] {level(TlbUse.LOAD), level(TlbUse.STORE), level(TlbUse.FETCH)};
    joinFilters();
    walkCaches = new MmuWalkCaches(geometry, level(TlbUse.GUEST_PHYSICAL), costs);
  }

  private TlbLevel level(TlbUse use) {
    return new TlbLevel(use, List.of(tlbs), geometries);
  }

  /** Has TLBs of larger pages found by the filter that always comes before them. */
  private void joinFilters() {
    for (Tlb tlb : tlbs) {
      Set<TlbFilter> before = Collections.newSetFromMap(new IdentityHashMap<>());
      boolean isFront = false;
      for (TlbLevel level : first) {
        isFront |= level.front() == tlb;
        if (level.others().contains(tlb)) {
          before.add(level.front().filter());
        }
      }
      if (before.size() == 1 && !isFront) {
        tlb.joinFilter(before.iterator().next());
      }
    }
  }

  /** The TLBs of the first level, by {@link Access#kind}. */
  TlbLevel[] firstLevel() {
    return first;
  }

  TlbLevel secondLevel() {
    return level(TlbUse.SECOND_LEVEL);
  }

  MmuWalkCaches walkCaches() {
    return walkCaches;
  }

  /** The numbers by which they know what a mapping is associated with. */
  TranslationContexts contexts() {
    return contexts;
  }

  /** Everything goes, the numbers of the contexts too. */
  void dropAll() {
    for (Tlb tlb : tlbs) {
      tlb.dropAll();
    }
    walkCaches.dropAll();
    contexts.clear();
  }

  /**
   * Applies a row.
   *
   * @param current the VPID, PCID and EPTRTA in force
   * @param address of use to rows that concern one address
   */
  void invalidate(Invalidation row, Association current, Association operand, long address) {
    covered.choose(row, current, operand);
    for (Tlb tlb : tlbs) {
      if (row.translations() == Extent.THE_ADDRESS) {
        tlb.drop(covered, address);
      } else {
        tlb.drop(covered);
      }
    }
    if (row.pagingStructureCaches() == Extent.THE_ADDRESS) {
      walkCaches.drop(covered, address);
    } else {
      walkCaches.drop(covered);
    }
  }

  /** Drops the current context's translations of an address, whose dirty flag or rights changed. */
  void forget(Association current, long va) {
    covered.choose(Invalidation.DENIED_ACCESS, current, current);
    for (Tlb tlb : tlbs) {
      tlb.drop(covered, va);
    }
  }

  /** Adds the hits and misses of each structure. */
  void count(List<MmuStatistics.Structure> structures) {
    for (Tlb tlb : tlbs) {
      structures.add(new MmuStatistics.Structure(tlb.name(), tlb.hits(), tlb.misses()));
    }
    walkCaches.count(structures);
  }
}
