package io.vmxsim.guests;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.InputException;

/**
 * Loads ELF executables that no boot protocol describes: 32-bit ones start in flat protected mode
 * without paging, 64-bit ones in 64-bit mode with the first 4 GBytes mapped to themselves. The
 * stack pointer is below the image, where {@link #STACK} is.
 */
final class ElfLoader {
  /** Where the stack starts, growing down. */
  static final long STACK = 0x9_0000;

  private ElfLoader() {}

  /**
   * Loads an ELF file.
   *
   * @throws InputException if it cannot be loaded
   */
  static void load(BootRequest request, Machine machine) {
    ElfFile elf = new ElfFile(request.source(), request.image());
    BootMemory memory = new BootMemory(request.source(), machine);
    memory.place(elf, request.image());
    CpuState state = machine.processor(0).state();
    if (elf.is64Bit()) {
      LongMode.enter(state, memory, elf.entry());
    } else {
      ProtectedMode.enter(state, elf.entry());
    }
    state.setRegister(CpuState.RSP, STACK);
  }
}
