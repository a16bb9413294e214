package io.vmxsim.ept;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The shape of one TLB with true LRU replacement.
 *
 * @param name the structure's name in statistics, such as {@code L1-DTLB-4K}
 * @param uses what it is looked up for, at least one use
 * @param entries capacity, a positive multiple of {@code ways}
 * @param ways associativity; equal to {@code entries} for a fully associative TLB
 * @param pageSizes the page sizes that share it, at least one
 * @param hash how the set index is formed
 */
public record TlbGeometry(
    String name, Set<TlbUse> uses, int entries, int ways, Set<PageSize> pageSizes, IndexHash hash) {

  /**
   * Checks the shape.
   *
   * @throws IllegalArgumentException naming the structure and the rule it breaks
   */
  public TlbGeometry {
    require(!uses.isEmpty(), name, "serves no use");
    require(!pageSizes.isEmpty(), name, "holds no page size");
    require(entries > 0 && ways > 0, name, "needs a positive number of entries and ways");
    require(entries % ways == 0, name, entries + " entries do not divide into " + ways + " ways");
    int sets = entries / ways;
    require(
        hash == IndexHash.MODULO || Integer.bitCount(sets) == 1,
        name,
        "an XOR-folded index needs a power of two of sets, not " + sets);
    uses = Collections.unmodifiableSet(EnumSet.copyOf(uses));
    pageSizes = Collections.unmodifiableSet(EnumSet.copyOf(pageSizes));
  }

  /** Number of sets. */
  public int sets() {
    return entries / ways;
  }

  private static void require(boolean holds, String name, String complaint) {
    if (!holds) {
      throw new IllegalArgumentException("TLB " + name + ": " + complaint);
    }
  }
}
