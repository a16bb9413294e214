/** Reads VMCSs out of logs and files, and says why a VM entry with one of them fails. */
@NullMarked
package io.vmxsim.vmcs.doctor;

import org.jspecify.annotations.NullMarked;
