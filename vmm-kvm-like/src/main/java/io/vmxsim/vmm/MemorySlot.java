package io.vmxsim.vmm;

import io.vmxsim.ept.PageSize;
import java.util.List;

/**
 * A range of guest-physical memory and the contiguous host-physical range behind it. Translation is
 * arithmetic: a slot of any size costs one object.
 *
 * @param guestBase first guest-physical address, 4-KByte aligned
 * @param size bytes, a positive multiple of 4 KBytes
 * @param hostBase first host-physical address, 4-KByte aligned
 */
public record MemorySlot(long guestBase, long size, long hostBase) {
  private static final long PAGE_MASK = 0xfff;
  private static final List<PageSize> LARGEST_FIRST =
      List.of(PageSize.SIZE_1G, PageSize.SIZE_2M, PageSize.SIZE_4K);

  /** Checks alignment; a slot that is not whole pages is an {@link IllegalArgumentException}. */
  public MemorySlot {
    if (((guestBase | size | hostBase) & PAGE_MASK) != 0
        || size <= 0
        || guestBase < 0
        || hostBase < 0) {
      throw new IllegalArgumentException(
          "a memory slot is whole pages: guest %#x size %#x host %#x"
              .formatted(guestBase, size, hostBase));
    }
  }

  /** Whether {@code guestPhysical} lies in the slot. */
  public boolean contains(long guestPhysical) {
    return Long.compareUnsigned(guestPhysical - guestBase, size) < 0;
  }

  /** The host-physical address behind {@code guestPhysical}, which must lie in the slot. */
  public long toHost(long guestPhysical) {
    return guestPhysical - guestBase + hostBase;
  }

  /**
   * Whether one host page of {@code 1 << shift} bytes can back {@code guestPhysical}: guest and
   * host address are congruent modulo its size, and the page lies wholly inside the slot.
   */
  public boolean backsWholePage(long guestPhysical, int shift) {
    long mask = (1L << shift) - 1;
    long start = guestPhysical & ~mask;
    return ((guestBase ^ hostBase) & mask) == 0
        && start >= guestBase
        && size - (start - guestBase) > mask;
  }

  /** The largest page, no larger than {@code most}, that can back {@code guestPhysical}. */
  public PageSize largestPage(long guestPhysical, PageSize most) {
    for (PageSize size : LARGEST_FIRST) {
      if (size.shift() <= most.shift() && backsWholePage(guestPhysical, size.shift())) {
        return size;
      }
    }
    return PageSize.SIZE_4K; // slots are whole pages
  }

  /** Whether the two slots share a guest-physical address. */
  boolean overlaps(MemorySlot other) {
    return guestBase < other.guestBase + other.size && other.guestBase < guestBase + size;
  }
}
