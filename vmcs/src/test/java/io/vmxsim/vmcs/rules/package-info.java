@NullMarked
package io.vmxsim.vmcs.rules;

import org.jspecify.annotations.NullMarked;
