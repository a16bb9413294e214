/** The VMCS as data: fields, controls, exit reasons, errors, capabilities, the region image. */
@NullMarked
package io.vmxsim.vmcs;

import org.jspecify.annotations.NullMarked;
