/** Guest programs, image loaders, and the model of a guest kernel. */
@NullMarked
package io.vmxsim.guests;

import org.jspecify.annotations.NullMarked;
