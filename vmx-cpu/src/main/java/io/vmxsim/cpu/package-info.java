/** The processor that executes the architecture, and what it costs in cycles. */
@NullMarked
package io.vmxsim.cpu;

import org.jspecify.annotations.NullMarked;
