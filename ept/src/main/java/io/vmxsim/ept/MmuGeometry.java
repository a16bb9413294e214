package io.vmxsim.ept;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Every translation cache of one processor.
 *
 * <p>Within one use a page size belongs to one structure at most. At the first level a page whose
 * size has no structure is cached as a fragment of the largest smaller size that has one; at the
 * second level and for guest-physical translations it is not cached.
 *
 * @param tlbs the TLBs, in the order statistics show them
 * @param guestCaches paging-structure caches of the guest dimension (and of native paging)
 * @param eptCaches paging-structure caches of the EPT dimension
 */
public record MmuGeometry(
    List<TlbGeometry> tlbs,
    PagingStructureCacheGeometry guestCaches,
    PagingStructureCacheGeometry eptCaches) {

  /**
   * Checks that names are distinct and that no use has two structures for one page size.
   *
   * @throws IllegalArgumentException naming the offending structure
   */
  public MmuGeometry {
    tlbs = List.copyOf(tlbs);
    Set<String> seen = new HashSet<>();
    for (TlbGeometry tlb : tlbs) {
      if (!seen.add(tlb.name())) {
        throw new IllegalArgumentException("TLB " + tlb.name() + " is described twice");
      }
      for (TlbUse use : tlb.uses()) {
        for (PageSize size : tlb.pageSizes()) {
          if (!seen.add(use + "/" + size)) {
            throw new IllegalArgumentException(
                "TLB " + tlb.name() + ": another TLB holds " + size + " pages for " + use);
          }
        }
      }
    }
  }

  /** No caching at all: every translation walks the paging structures in memory. */
  public static MmuGeometry none() {
    return new MmuGeometry(
        List.of(), PagingStructureCacheGeometry.ABSENT, PagingStructureCacheGeometry.ABSENT);
  }
}
