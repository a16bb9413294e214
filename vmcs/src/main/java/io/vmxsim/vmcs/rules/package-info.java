/** The checks of VM entry as a list of named rules over an {@code EntryContext}. */
@NullMarked
package io.vmxsim.vmcs.rules;

import org.jspecify.annotations.NullMarked;
