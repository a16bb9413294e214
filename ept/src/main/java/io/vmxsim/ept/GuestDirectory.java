package io.vmxsim.ept;

import org.jspecify.annotations.Nullable;

/**
 * Where a walk with 4-level paging was led for a GByte of linear addresses: the two guest entries
 * on the way to the page directory, and what EPT made of the three structures' addresses.
 *
 * <p>As with {@link EptRegion}, nothing of the model is here: every entry is read again, the walk
 * is led where it was led before only if each holds what it held, and all are read at once.
 *
 * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random under EPT.
 */
final class GuestDirectory {
  private static final byte[] NO_PAGE = {};

  /** Number of the GByte; -1 while nothing has been noted. */
  private long number = -1;

  private long cr3;
  private long plainTableBits;
  private long eptp;
  private @Nullable EptFeatures features;

  private byte[] pml4 = NO_PAGE;
  private byte[] pdpt = NO_PAGE;
  private byte[] pd = NO_PAGE;
  private long pml4e;
  private long pdpte;
  private int rights;

  /** How often a way was noted here. */
  private long notes;

  private final StructurePlace ofPml4 = new StructurePlace();
  private final StructurePlace ofPdpt = new StructurePlace();
  private final StructurePlace ofPd = new StructurePlace();

  /** Number of the GByte of an address. */
  static long number(long linear) {
    return linear >>> 30;
  }

  /** Whether a walk would be led to {@link #pd}. */
  boolean leads(PagingState state, long walkEptp, @Nullable EptFeatures walkFeatures, long linear) {
    return number(linear) == number
        && state.cr3() == cr3
        && state.plainTableBits() == plainTableBits
        && walkEptp == eptp
        && walkFeatures == features
        && PhysicalMemory.entryOf(pml4, linear >>> 36) == pml4e
        && PhysicalMemory.entryOf(pdpt, linear >>> 27) == pdpte
        && (walkFeatures == null
            || (ofPml4.stands(walkEptp, walkFeatures, null)
                && ofPdpt.stands(walkEptp, walkFeatures, ofPml4)
                && ofPd.stands(walkEptp, walkFeatures, ofPdpt)));
  }

  /** The page directory. */
  byte[] pd() {
    return pd;
  }

  /** Changes with every note. */
  long notes() {
    return notes;
  }

  StructurePlace ofPd() {
    return ofPd;
  }

  /** What the two entries allow, as {@link AccessRights} codes it. */
  int rights() {
    return rights;
  }

  /** Notes where a walk is led, and returns true, if every entry on the way is plain. */
  boolean note(
      PlainWalk walk,
      PagingState state,
      long walkEptp,
      @Nullable EptFeatures walkFeatures,
      long linear) {
    number = -1;
    notes++;
    cr3 = state.cr3();
    plainTableBits = state.plainTableBits();
    eptp = walkEptp;
    features = walkFeatures;
    byte[] found = ofPml4.find(walk, eptp, features, EptWalk.addressIn(cr3));
    if (found == null) {
      return false;
    }
    pml4 = found;
    pml4e = PhysicalMemory.entryOf(pml4, linear >>> 36);
    found =
        state.isPlainTable(pml4e)
            ? ofPdpt.find(walk, eptp, features, EptWalk.addressIn(pml4e))
            : null;
    if (found == null) {
      return false;
    }
    pdpt = found;
    pdpte = PhysicalMemory.entryOf(pdpt, linear >>> 27);
    found =
        state.isPlainTable(pdpte)
            ? ofPd.find(walk, eptp, features, EptWalk.addressIn(pdpte))
            : null;
    if (found == null) {
      return false;
    }
    pd = found;
    rights = AccessRights.ofEntry(pml4e) & AccessRights.ofEntry(pdpte);
    number = number(linear);
    return true;
  }
}
