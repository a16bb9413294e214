/** JMH benchmarks by cost centre, and side-by-side runs with peers. */
@NullMarked
package io.vmxsim.bench;

import org.jspecify.annotations.NullMarked;
