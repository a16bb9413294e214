/** Runs beside other simulators that may be installed, and what differs. */
@NullMarked
package io.vmxsim.validation.peers;

import org.jspecify.annotations.NullMarked;
