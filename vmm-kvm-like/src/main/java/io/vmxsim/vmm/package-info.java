/** A thin VMM in root mode, shaped like KVM. */
@NullMarked
package io.vmxsim.vmm;

import org.jspecify.annotations.NullMarked;
