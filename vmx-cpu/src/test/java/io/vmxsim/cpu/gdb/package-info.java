/** The stub for GDB, at a scripted client. */
@NullMarked
package io.vmxsim.cpu.gdb;

import org.jspecify.annotations.NullMarked;
