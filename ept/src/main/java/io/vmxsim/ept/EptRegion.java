package io.vmxsim.ept;

/**
 * Where a 4-level EPT walk was led for a 2-MByte region of guest-physical memory: the three entries
 * on the way to the EPT page table, and that table.
 *
 * <p>Nothing of the model is here, and no translation is cached: a walk reads the three entries
 * again, and is led where it was led before only if each holds what it held. But it reads them all
 * at once, where a walk from the root waits for each entry to learn the place of the next.
 *
 * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random under EPT, where most of the time is that waiting.
 */
final class EptRegion {
  /** The length of the walks that are noted. */
  static final int LEVELS = 4;

  private static final byte[] NO_PAGE = {};

  /** Number of the region; -1 while nothing has been noted. */
  private long number = -1;

  private long eptp;
  private EptFeatures features = EptFeatures.all(52);

  private byte[] pml4 = NO_PAGE;
  private byte[] pdpt = NO_PAGE;
  private byte[] pd = NO_PAGE;
  private long pml4e;
  private long pdpte;
  private long pde;
  private byte[] pageTable = NO_PAGE;

  /** Number of the region of an address. */
  static long number(long gpa) {
    return gpa >>> 21;
  }

  /** Whether an address lies in the region. */
  boolean isFor(long gpa) {
    return number(gpa) == number;
  }

  /** Whether a walk would be led to {@link #pageTable}. */
  boolean leads(long walkEptp, EptFeatures walkFeatures, long gpa) {
    return number(gpa) == number
        && walkEptp == eptp
        && walkFeatures == features
        && PhysicalMemory.entryOf(pml4, gpa >>> 36) == pml4e
        && PhysicalMemory.entryOf(pdpt, gpa >>> 27) == pdpte
        && PhysicalMemory.entryOf(pd, gpa >>> 18) == pde;
  }

  /** The EPT page table of the region. */
  byte[] pageTable() {
    return pageTable;
  }

  /** Notes where a walk has just been led, through entries that ask for nothing to be done. */
  void note(PhysicalMemory memory, long walkEptp, EptFeatures walkFeatures, long gpa) {
    number = number(gpa);
    eptp = walkEptp;
    features = walkFeatures;
    pml4 = memory.pageForRead(EptPointer.root(walkEptp));
    pml4e = PhysicalMemory.entryOf(pml4, gpa >>> 36);
    pdpt = memory.pageForRead(EptWalk.addressIn(pml4e));
    pdpte = PhysicalMemory.entryOf(pdpt, gpa >>> 27);
    pd = memory.pageForRead(EptWalk.addressIn(pdpte));
    pde = PhysicalMemory.entryOf(pd, gpa >>> 18);
    pageTable = memory.pageForRead(EptWalk.addressIn(pde));
  }
}
