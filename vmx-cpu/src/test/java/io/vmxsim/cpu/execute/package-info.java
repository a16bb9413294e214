/** Tests of the execution of machine code. */
@NullMarked
package io.vmxsim.cpu.execute;

import org.jspecify.annotations.NullMarked;
