/**
 * A stub of GDB's remote serial protocol ("Remote Protocol" in GDB's manual), through which a
 * debugger looks at a machine's processors and memory, and says how far it runs.
 */
@NullMarked
package io.vmxsim.cpu.gdb;

import org.jspecify.annotations.NullMarked;
