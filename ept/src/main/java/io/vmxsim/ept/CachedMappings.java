package io.vmxsim.ept;

import io.vmxsim.ept.Invalidation.Extent;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * All that a logical processor caches of translations: its TLBs, and what walks go by.
 * Invalidations reach all of it alike, by rows of {@link Invalidation}. Here are the operations
 * that do nothing else; those that load a register are the {@link Mmu}'s.
 */
public final class CachedMappings {
  private final Tlb[] tlbs;
  private final List<TlbGeometry> geometries;
  private final TlbLevel[] first;
  private final MmuWalkCaches walkCaches;
  private final TranslationContexts contexts = new TranslationContexts();
  private final CoveredContexts covered = new CoveredContexts(contexts);
  private Association current = new Association(0, 0, Association.NO_EPT);

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

  /** Sets the VPID, PCID and EPTRTA in force, which operations act on that name no other. */
  void setCurrent(Association newCurrent) {
    current = newCurrent;
  }

  /** INVLPG. */
  public void invlpg(long va) {
    invalidate(Invalidation.INVLPG, va);
  }

  /**
   * INVPCID with operands that passed its checks.
   *
   * @param type 0 to 3; anything else gets {@link IllegalArgumentException}
   */
  public void invpcid(int type, int pcid, long va) {
    Association operand = new Association(current.vpid(), pcid, current.eptRoot());
    invalidate(row(type, Invalidation.INVPCID_TYPES), operand, va);
  }

  /**
   * INVVPID with operands that passed its checks.
   *
   * @param type 0 to 3; anything else gets {@link IllegalArgumentException}
   */
  public void invvpid(int type, int vpid, long va) {
    Association operand = new Association(vpid, current.pcid(), current.eptRoot());
    invalidate(row(type, Invalidation.INVVPID_TYPES), operand, va);
  }

  /**
   * INVEPT with operands that passed its checks.
   *
   * @param type 1 or 2; anything else gets {@link IllegalArgumentException}
   */
  public void invept(int type, long eptp) {
    Association operand = new Association(current.vpid(), current.pcid(), EptPointer.root(eptp));
    invalidate(row(type - 1, Invalidation.INVEPT_TYPES), operand, 0);
  }

  /** A VM entry or VM exit while the "enable VPID" VM-execution control is 0. */
  public void flushForVmTransition() {
    invalidate(Invalidation.VMX_TRANSITION_WITHOUT_VPID);
  }

  private static Invalidation row(int index, List<Invalidation> types) {
    if (index < 0 || index >= types.size()) {
      throw new IllegalArgumentException("no such type of " + types.get(0));
    }
    return types.get(index);
  }

  /** A walk has ended in a fault or a VM exit. */
  void walkFailed(WalkResult walk) {
    long linear = walk.linearAddress();
    switch (walk.status()) {
      case PAGE_FAULT -> invalidate(Invalidation.PAGE_FAULT, linear);
      case EPT_VIOLATION -> {
        if ((walk.exitQualification() & WalkResult.LINEAR_ADDRESS_VALID) != 0) {
          invalidate(Invalidation.EPT_VIOLATION_LINEAR, linear);
        }
        invalidate(Invalidation.EPT_VIOLATION_GUEST_PHYSICAL, walk.guestPhysicalAddress());
      }
      // What the walk has cached counts on flags that are not set.
      case MODIFICATION_LOG_FULL -> invalidate(Invalidation.INVEPT_ALL_CONTEXTS);
      default -> {} // an EPT misconfiguration or an SPP-related event invalidates nothing
    }
  }

  /** Applies a row that concerns neither an operand nor one address. */
  void invalidate(Invalidation row) {
    invalidate(row, 0);
  }

  private void invalidate(Invalidation row, long address) {
    invalidate(row, current, address);
  }

  private void invalidate(Invalidation row, Association operand, long address) {
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
  void forget(long va) {
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
