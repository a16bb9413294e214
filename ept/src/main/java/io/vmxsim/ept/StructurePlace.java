package io.vmxsim.ept;

import org.jspecify.annotations.Nullable;

/**
 * What EPT made of the address of one of the guest's paging structures, in a walk that was plain.
 */
final class StructurePlace {
  private long guestPhysical;
  private EptRegion region = new EptRegion();
  private long eptEntry;

  /**
   * Whether EPT leads to the same page as it did.
   *
   * @param previous the place of a structure that stands; null for none
   */
  boolean stands(long eptp, EptFeatures features, @Nullable StructurePlace previous) {
    return ((previous != null && sharesRegionWith(previous))
            || region.leads(eptp, features, guestPhysical))
        && PhysicalMemory.entryOf(region.pageTable(), guestPhysical >>> 9) == eptEntry;
  }

  private boolean sharesRegionWith(StructurePlace other) {
    return region == other.region && (guestPhysical ^ other.guestPhysical) >>> 21 == 0;
  }

  /**
   * Notes the place of the structure at a guest-physical address, and finds it: null if a walk is
   * not plain there.
   *
   * @param features of EPT; null while EPT is not in use, and nothing is to be noted
   */
  byte @Nullable [] find(PlainWalk walk, long eptp, @Nullable EptFeatures features, long address) {
    if (features == null) {
      return walk.memory().allocatedPage(address);
    }
    EptRegion found = walk.structureRegion(eptp, features, address);
    if (found == null) {
      return null;
    }
    guestPhysical = address;
    region = found;
    eptEntry = PhysicalMemory.entryOf(region.pageTable(), address >>> 9);
    return features.isPlainPage(eptEntry, eptp)
        ? walk.memory().allocatedPage(EptWalk.addressIn(eptEntry))
        : null;
  }
}
