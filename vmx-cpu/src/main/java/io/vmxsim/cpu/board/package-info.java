/**
 * The board around the processors: the bus, what is plugged into it, and the machine that runs it
 * all.
 *
 * <p>A device is written once. On the bare machine the processor's accesses reach it through {@link
 * io.vmxsim.cpu.board.Bus}; under a VMM the exit handlers call the same bus.
 */
@NullMarked
package io.vmxsim.cpu.board;

import org.jspecify.annotations.NullMarked;
