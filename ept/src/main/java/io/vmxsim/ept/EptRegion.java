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

  /**
   * Notes where a walk is led, and returns true, if each of the three entries is plain ({@link
   * EptFeatures#isPlainTable}) and has no flag to set.
   */
  boolean note(PhysicalMemory memory, long walkEptp, EptFeatures walkFeatures, long gpa) {
    number = -1;
    long table = EptPointer.root(walkEptp);
    pml4 = memory.pageForRead(table);
    pml4e = PhysicalMemory.entryOf(pml4, gpa >>> 36);
    if (!walkFeatures.isPlainTable(pml4e, walkEptp)) {
      return false;
    }
    pdpt = memory.pageForRead(EptWalk.addressIn(pml4e));
    pdpte = PhysicalMemory.entryOf(pdpt, gpa >>> 27);
    if (!walkFeatures.isPlainTable(pdpte, walkEptp)) {
      return false;
    }
    pd = memory.pageForRead(EptWalk.addressIn(pdpte));
    pde = PhysicalMemory.entryOf(pd, gpa >>> 18);
    byte[] found = memory.allocatedPage(EptWalk.addressIn(pde));
    if (!walkFeatures.isPlainTable(pde, walkEptp) || found == null) {
      return false;
    }
    pageTable = found;
    eptp = walkEptp;
    features = walkFeatures;
    number = number(gpa);
    return true;
  }
}
