@NullMarked
package io.vmxsim.vmm;

import org.jspecify.annotations.NullMarked;
