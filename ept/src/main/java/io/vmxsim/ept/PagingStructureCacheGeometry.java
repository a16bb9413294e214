package io.vmxsim.ept;

/**
 * Sizes of the fully associative paging-structure caches of one dimension (SDM "Paging-Structure
 * Caches"), in entries; 0 = the processor has no such cache.
 *
 * @param pml5e caches entries that reference a PML4 table (5-level paging)
 * @param pml4e caches entries that reference a page-directory-pointer table
 * @param pdpte caches entries that reference a page directory
 * @param pde caches entries that reference a page table
 */
public record PagingStructureCacheGeometry(int pml5e, int pml4e, int pdpte, int pde) {

  /** No paging-structure caches. */
  public static final PagingStructureCacheGeometry ABSENT =
      new PagingStructureCacheGeometry(0, 0, 0, 0);

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is negative
   */
  public PagingStructureCacheGeometry {
    if ((pml5e | pml4e | pdpte | pde) < 0) {
      throw new IllegalArgumentException("a paging-structure cache has a negative size");
    }
  }
}
