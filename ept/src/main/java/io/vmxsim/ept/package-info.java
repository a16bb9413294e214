/** Physical memory and every address translation: walks, TLBs, paging-structure caches. */
@NullMarked
package io.vmxsim.ept;

import org.jspecify.annotations.NullMarked;
