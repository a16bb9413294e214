package io.vmxsim.guests;

import io.vmxsim.vmcs.InputException;

/**
 * Hands out guest-physical memory upwards, each block aligned to its size. Small blocks come out of
 * 2-MByte blocks, so that page tables and 4-KByte pages do not break up the room for large pages.
 * Nothing is ever given back: a trace ends before memory runs out, or is told that it did not.
 */
final class FrameAllocator {
  private static final long BLOCK = 2L << 20;

  private final long end;
  private long nextBlock;
  private long nextFrame;
  private long framesEnd;

  /**
   * @param start the first address, a multiple of 2 MBytes
   * @param end one past the last
   */
  FrameAllocator(long start, long end) {
    this.end = end;
    nextBlock = start;
  }

  /**
   * A block of {@code 1 << shift} bytes.
   *
   * @param shift 12, 21 or 30
   * @throws InputException if the guest's memory is used up
   */
  long allocate(int shift) {
    if (shift == 12) {
      if (nextFrame == framesEnd) {
        nextFrame = allocate(21);
        framesEnd = nextFrame + BLOCK;
      }
      long frame = nextFrame;
      nextFrame += 1 << 12;
      return frame;
    }
    long size = 1L << shift;
    long block = (nextBlock + size - 1) & -size;
    if (block + size > end) {
      throw new InputException(
          "guest model",
          "guest-physical 0x" + Long.toHexString(block),
          "more guest memory than " + (end >> 20) + " MiB for what this trace touches");
    }
    nextBlock = block + size;
    return block;
  }
}
