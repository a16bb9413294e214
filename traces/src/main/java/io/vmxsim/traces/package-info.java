/** Trace formats in and out, and the replay engine. */
@NullMarked
package io.vmxsim.traces;

import org.jspecify.annotations.NullMarked;
