package io.vmxsim.ept;

/**
 * What the steps of a translation cost, in cycles. A first-level TLB hit costs nothing: its latency
 * is part of the access.
 *
 * @param l2TlbHit a first-level miss that the second level answers
 * @param walkEntryRead one paging-structure entry (guest or EPT) read from memory
 * @param nestedTlbHit one guest-physical translation answered by the nested TLB
 */
public record MmuCosts(int l2TlbHit, int walkEntryRead, int nestedTlbHit) {

  /** Translation costs nothing. */
  public static final MmuCosts FREE = new MmuCosts(0, 0, 0);

  /**
   * Checks the costs.
   *
   * @throws IllegalArgumentException if a cost is negative
   */
  public MmuCosts {
    if ((l2TlbHit | walkEntryRead | nestedTlbHit) < 0) {
      throw new IllegalArgumentException("a translation cost is negative");
    }
  }
}
