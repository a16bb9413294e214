@NullMarked
package io.vmxsim.vmcs.doctor;

import org.jspecify.annotations.NullMarked;
