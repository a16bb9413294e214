package io.vmxsim.ept;

import io.vmxsim.ept.WalkResult.Status;

/**
 * "Determining an Access's Sub-Page Write Permission" (31.3.4.2, June 2026): the vector that says
 * which 128-byte sub-pages of a page may be written that otherwise may not.
 */
final class SubPagePermissions {
  private static final long VALID = 1;
  private static final long ADDRESS = BitRange.bits(51, 12);
  private static final long RESERVED = BitRange.bits(11, 1);

  /** Odd bits of a vector. */
  private static final long UNUSED = 0xaaaa_aaaa_aaaa_aaaaL;

  private static final int SUB_PAGE_SHIFT = 7;
  private static final int LEVELS = 4;
  private static final int PAGE_OFFSET = 0xfff;

  private final PhysicalMemory memory;

  SubPagePermissions(PhysicalMemory memory) {
    this.memory = memory;
  }

  /**
   * Whether a write of {@code r.accessBytes} bytes is permitted: OK, EPT_VIOLATION if it is not, or
   * one of the two SPP-related events.
   */
  Status check(EptFeatures features, long gpa, WalkResult r) {
    long table = features.controls().subPageTable() & ADDRESS;
    long beyond = BitRange.bits(63, features.maxPhyAddr());
    for (int level = LEVELS; level > 1; level--) {
      long entry = memory.readAligned64(table | offset(gpa, level));
      if ((entry & VALID) == 0) {
        return end(Status.SUB_PAGE_MISS, gpa, r);
      }
      if ((entry & (RESERVED | beyond)) != 0) {
        return end(Status.SUB_PAGE_MISCONFIGURATION, gpa, r);
      }
      table = entry & ADDRESS;
    }
    long vector = memory.readAligned64(table | offset(gpa, 1));
    if ((vector & UNUSED) != 0) {
      return end(Status.SUB_PAGE_MISCONFIGURATION, gpa, r);
    }
    int first = (int) gpa & PAGE_OFFSET;
    for (int at = first >>> SUB_PAGE_SHIFT;
        at <= (first + r.accessBytes - 1) >>> SUB_PAGE_SHIFT;
        at++) {
      if ((vector >>> (2 * at) & 1) == 0) {
        return Status.EPT_VIOLATION;
      }
    }
    return Status.OK;
  }

  private static Status end(Status event, long gpa, WalkResult r) {
    r.guestPhysicalAddress = gpa;
    return r.end(event);
  }

  private static long offset(long gpa, int level) {
    return gpa >>> (12 + 9 * (level - 1) - 3) & (511 << 3);
  }
}
