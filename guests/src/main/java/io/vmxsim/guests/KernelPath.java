package io.vmxsim.guests;

/**
 * The straight-line pieces of the modelled kernel: where each one's code lies and how many
 * instructions it retires. The lengths are assumed, of the order that profiles of a Linux 6 kernel
 * show; they set how much guest time a fault or a tick takes, not how many VM exits it causes.
 */
enum KernelPath {
  /** From the interrupt gate to the C handler: saves registers, switches stacks. */
  ENTRY(0x000, 40),
  /** Back again, up to the IRET. */
  RETURN(0x100, 40),
  /** Finds the mapping's region and the policy for the faulting address. */
  FIND_REGION(0x1000, 250),
  /** Takes a frame from the allocator, with its accounting. */
  ALLOCATE_FRAME(0x2000, 150),
  /** Zeroes one 4-KByte frame, 64 bytes a step. */
  ZERO_FRAME(0x3000, 64),
  /** The tick: time keeping, run-queue statistics, timer wheel. */
  TICK(0x4000, 900),
  /** Picks the next process and swaps its kernel state. */
  SWITCH(0x5000, 500),
  /** Creates a process: its descriptor, its address space. */
  START_PROCESS(0x6000, 5000),
  /** Tears one page table's worth of mappings down. */
  UNMAP_TABLE(0x7000, 600),
  /** The rest of a process's end. */
  END_PROCESS(0x8000, 3000);

  private final long offset;
  private final int instructions;

  KernelPath(long offset, int instructions) {
    this.offset = offset;
    this.instructions = instructions;
  }

  /** Linear address of its first instruction. */
  long address() {
    return KernelLayout.TEXT + offset;
  }

  /** Instructions retired each time. */
  int instructions() {
    return instructions;
  }
}
