package io.vmxsim.vmm;

import io.vmxsim.ept.PhysicalMemory;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/**
 * The host-physical 4-KByte frames that the VMM keeps for itself: VMCS regions, bitmaps, EPT and
 * shadow paging structures. Frames are handed out zeroed; the last one given back is reused first.
 */
public final class HostFrames {
  static final int FRAME_SIZE = 4096;

  private final PhysicalMemory memory;
  private final long base;
  private final long limit;
  private final LongArrayList free = new LongArrayList();
  private long next;

  /**
   * Frames from {@code base} up to, not including, {@code limit}.
   *
   * @param base 4-KByte aligned
   * @param limit at most 4 GiB: the page-directory-pointer table of PAE paging is found through a
   *     32-bit CR3
   */
  public HostFrames(PhysicalMemory memory, long base, long limit) {
    if ((base & (FRAME_SIZE - 1)) != 0 || base < 0 || base >= limit || limit > 1L << 32) {
      throw new IllegalArgumentException("no frames between %#x and %#x".formatted(base, limit));
    }
    this.memory = memory;
    this.base = base;
    this.limit = limit;
    this.next = base;
  }

  /**
   * A zeroed frame.
   *
   * @return its host-physical address
   * @throws IllegalStateException when none is left
   */
  public long allocate() {
    if (!free.isEmpty()) {
      long frame = free.popLong();
      for (int offset = 0; offset < FRAME_SIZE; offset += 8) {
        memory.write64(frame + offset, 0);
      }
      return frame;
    }
    if (next + FRAME_SIZE > limit) {
      throw new IllegalStateException("the VMM's frames below %#x are used up".formatted(limit));
    }
    long frame = next;
    next += FRAME_SIZE;
    return frame;
  }

  /** Takes a frame back; nothing may refer to it any more. */
  public void release(long frame) {
    if (frame < base || frame >= next || (frame & (FRAME_SIZE - 1)) != 0) {
      throw new IllegalArgumentException("%#x was not handed out here".formatted(frame));
    }
    free.add(frame);
  }

  /** Frames in use. */
  public long inUse() {
    return (next - base) / FRAME_SIZE - free.size();
  }
}
