/**
 * Instruction bytes to operations and back: the opcode maps of SDM volume 2 as tables, a decoder, a
 * disassembler and an assembler that all read them.
 */
@NullMarked
package io.vmxsim.cpu.decode;

import org.jspecify.annotations.NullMarked;
