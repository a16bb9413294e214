/** Tests of the interrupt controllers. */
@NullMarked
package io.vmxsim.cpu.apic;

import org.jspecify.annotations.NullMarked;
