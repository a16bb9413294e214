package io.vmxsim.cpu;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.DataCaches;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.ExitQualification;
import org.jspecify.annotations.Nullable;

/**
 * Accesses of guest software through its linear addresses, and what a translation leads to that
 * does not work. Machine code has ways of its own to where a translation is known.
 */
public final class MemoryAccess {
  private static final int PAGE_BYTES = 4096;

  private final Processor processor;
  private final Mmu mmu;
  private @Nullable DataCaches dataCaches;

  MemoryAccess(Processor processor) {
    this.processor = processor;
    mmu = processor.mmu();
  }

  /**
   * Performs one memory access of guest software: translates it, splitting it at a page boundary,
   * and raises what it leads to.
   *
   * @param size bytes, 1 to 4096
   * @param access an {@link Access}, with its USER flag if CPL is 3
   */
  public StepOutcome perform(long address, int size, int access) {
    int untilPageEnd = PAGE_BYTES - (int) (address & PAGE_BYTES - 1);
    if (size <= untilPageEnd) {
      return inPage(address, size, access);
    }
    StepOutcome first = inPage(address, untilPageEnd, access);
    return first == StepOutcome.DONE
        ? inPage(address + untilPageEnd, size - untilPageEnd, access)
        : first;
  }

  private StepOutcome inPage(long address, int size, int access) {
    WalkResult.Status status = mmu.translate(address, size, access);
    if (status != WalkResult.Status.OK) {
      return fault(status);
    }
    if (dataCaches != null && Access.kind(access) != Access.FETCH) {
      lookForLines(dataCaches, mmu.physicalAddress(), size);
    }
    return StepOutcome.DONE;
  }

  /** The physical address of the last access that was DONE (of its last page). */
  public long physicalAddress() {
    return mmu.physicalAddress();
  }

  /** What a translation leads to that was not OK: the page fault or the VM exit. */
  public StepOutcome fault(WalkResult.Status status) {
    WalkResult walk = mmu.result();
    VmExit exit = processor.vmExit();
    return switch (status) {
      case PAGE_FAULT ->
          processor.raise(
              EventDelivery.PAGE_FAULT, walk.pageFaultErrorCode(), walk.linearAddress());
      case EPT_VIOLATION -> processor.eptEvents().violation(walk);
      case EPT_MISCONFIGURATION -> exit.eptMisconfiguration(walk);
      case MODIFICATION_LOG_FULL -> exit.modificationLogFull();
      case SUB_PAGE_MISS -> exit.subPageEvent(walk, ExitQualification.SubPageEvent.MISS);
      case SUB_PAGE_MISCONFIGURATION -> exit.subPageEvent(walk, 0);
      case OK ->
          throw new IllegalStateException("a translation that worked is no fault: " + processor);
    };
  }

  /**
   * Models the data caches of the profile from now on, before the first access: walks and the data
   * accesses of {@link #perform} share them. A line in the first level costs a data access nothing,
   * since its latency is in the instruction's price; instruction fetches do not look.
   */
  public void modelDataCaches() {
    dataCaches = DataCacheReader.of(processor.profile().cpuid(), processor.costs());
    mmu.walker().readThrough(dataCaches);
  }

  /** The data caches; null unless they are modelled. */
  public @Nullable DataCaches dataCaches() {
    return dataCaches;
  }

  private void lookForLines(DataCaches caches, long physicalAddress, int size) {
    long last = (physicalAddress + size - 1) & -DataCaches.LINE;
    for (long line = physicalAddress & -DataCaches.LINE; line <= last; line += DataCaches.LINE) {
      processor.cycles().guest +=
          caches.access(line, DataCaches.User.DATA) - caches.nearestLatency();
    }
  }
}
