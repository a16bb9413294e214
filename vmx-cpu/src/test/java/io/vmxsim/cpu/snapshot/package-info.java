@NullMarked
package io.vmxsim.cpu.snapshot;

import org.jspecify.annotations.NullMarked;
