/**
 * A second reading of the SDM's checks of VM entry, bullet by bullet, slow, and written before and
 * apart from the rules. It uses bit numbers where the rules use names.
 */
@NullMarked
package io.vmxsim.vmcs.rules.literal;

import org.jspecify.annotations.NullMarked;
