package io.vmxsim.vmm;

import io.vmxsim.ept.PageSize;

/**
 * How a VMM runs its guests.
 *
 * @param paging EPT or shadow paging
 * @param hostPage the largest page that backs guest memory; smaller ones are used where a slot's
 *     alignment, or the processor, permits no other
 * @param shadowPolicy what a write of a shadowed guest page table does
 * @param unsync whether the guest may write last-level page tables freely until it invalidates;
 *     excludes {@link ShadowPolicy#BYPASS}, which must know at once when an entry becomes present
 * @param cachedRoots shadow roots kept besides the one in use, 0 or more
 * @param writeFlood consecutive writes to one shadowed table, without use in between, after which
 *     it is taken to be a page table no longer; 0 for never
 * @param shadowPages the most shadow pages there may be; 0 for 2% of the guest's 4-KByte pages, at
 *     least 64
 */
public record VmOptions(
    VmPaging paging,
    PageSize hostPage,
    ShadowPolicy shadowPolicy,
    boolean unsync,
    int cachedRoots,
    int writeFlood,
    int shadowPages) {

  /** KVM's KVM_MMU_NUM_PREV_ROOTS. */
  public static final int DEFAULT_CACHED_ROOTS = 3;

  /** KVM's limit in detect_write_flooding and its predecessors. */
  public static final int DEFAULT_WRITE_FLOOD = 3;

  /** Checks the ranges and exclusions; {@link IllegalArgumentException} names what is wrong. */
  public VmOptions {
    if (cachedRoots < 0 || writeFlood < 0 || shadowPages < 0) {
      throw new IllegalArgumentException("a count is negative");
    }
    if (unsync && shadowPolicy == ShadowPolicy.BYPASS) {
      throw new IllegalArgumentException("unsync page tables exclude the bypass policy");
    }
  }

  /** That paging with host pages of that size; shadow pages under {@link ShadowPolicy#UPDATE}. */
  public static VmOptions of(VmPaging paging, PageSize hostPage) {
    return paging == VmPaging.EPT ? ept(hostPage) : shadow(ShadowPolicy.UPDATE, hostPage);
  }

  /** EPT with host pages of that size. */
  public static VmOptions ept(PageSize hostPage) {
    return new VmOptions(
        VmPaging.EPT,
        hostPage,
        ShadowPolicy.UPDATE,
        false,
        DEFAULT_CACHED_ROOTS,
        DEFAULT_WRITE_FLOOD,
        0);
  }

  /** Shadow paging under that policy, with host pages of that size, otherwise as KVM. */
  public static VmOptions shadow(ShadowPolicy policy, PageSize hostPage) {
    return new VmOptions(
        VmPaging.SHADOW, hostPage, policy, false, DEFAULT_CACHED_ROOTS, DEFAULT_WRITE_FLOOD, 0);
  }

  /** The same with that many cached shadow roots. */
  public VmOptions withCachedRoots(int roots) {
    return new VmOptions(paging, hostPage, shadowPolicy, unsync, roots, writeFlood, shadowPages);
  }

  /** The same with unsync page tables allowed or not. */
  public VmOptions withUnsync(boolean allowed) {
    return new VmOptions(
        paging, hostPage, shadowPolicy, allowed, cachedRoots, writeFlood, shadowPages);
  }

  /** The same with at most that many shadow pages. */
  public VmOptions withShadowPages(int most) {
    return new VmOptions(paging, hostPage, shadowPolicy, unsync, cachedRoots, writeFlood, most);
  }
}
