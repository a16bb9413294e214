/**
 * Execution of machine code: decoded blocks, the semantics of instructions, segments, far transfers
 * and event delivery.
 */
@NullMarked
package io.vmxsim.cpu.execute;

import org.jspecify.annotations.NullMarked;
