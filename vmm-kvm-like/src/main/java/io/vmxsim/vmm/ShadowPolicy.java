package io.vmxsim.vmm;

/**
 * What the shadow MMU does when the guest writes a page-table entry that it shadows, and which page
 * faults it sees. A guest page fault that ends in one page-table write takes 3, 2 or 1 VM exits.
 */
public enum ShadowPolicy {
  /** A write drops the shadow entry; the next access faults and fills it. */
  DROP,
  /**
   * A write of a present and accessed last-level entry updates the shadow entry at once, so that
   * the access which the guest then repeats does not exit.
   */
  UPDATE,
  /**
   * As UPDATE, and page faults on entries that are not present in the guest either go straight to
   * the guest: the page-fault error-code mask and match select faults with P = 1, and a shadow
   * entry that the VMM must fill itself is present with reserved bits set.
   */
  BYPASS;

  boolean updatesOnWrite() {
    return this != DROP;
  }

  boolean bypassesNotPresent() {
    return this == BYPASS;
  }
}
