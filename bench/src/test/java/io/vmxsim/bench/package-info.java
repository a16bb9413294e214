/** Tests of the benchmarks' guests. */
@NullMarked
package io.vmxsim.bench;

import org.jspecify.annotations.NullMarked;
