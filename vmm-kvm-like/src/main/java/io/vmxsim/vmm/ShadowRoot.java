package io.vmxsim.vmm;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A shadow page-table hierarchy that CR3 can be loaded with.
 *
 * @param cr3 the guest's CR3, its address bits
 * @param role role of the top page
 * @param table host-physical address for GUEST_CR3
 * @param tops the page at the root; under PAE paging the four page directories, null where the
 *     guest has none
 */
record ShadowRoot(long cr3, int role, long table, List<@Nullable ShadowPage> tops) {
  boolean contains(ShadowPage page) {
    return tops.contains(page);
  }
}
