/** Runs test kernels as their own configuration file says, and tells how each ended. */
@NullMarked
package io.vmxsim.validation.suite;

import org.jspecify.annotations.NullMarked;
