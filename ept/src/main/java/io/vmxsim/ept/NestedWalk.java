package io.vmxsim.ept;

import io.vmxsim.ept.WalkResult.Status;
import org.jspecify.annotations.Nullable;

/**
 * Translates linear addresses while EPT is in use: the two-dimensional walk of SDM "EPT Overview"
 * (28.2.1). Without caches it reads g·(hₚ+1)+h_d entries, where g is the number of guest levels, hₚ
 * the EPT entries behind an access to a guest paging structure and h_d those behind the page.
 */
public final class NestedWalk {
  private final GuestWalk guest;
  private final EptWalk ept;

  /**
   * A walk through one memory.
   *
   * @param observer told of every entry read, or null
   * @param caches consulted before memory, or null: every entry is read
   */
  public NestedWalk(
      PhysicalMemory memory, @Nullable WalkObserver observer, @Nullable WalkCaches caches) {
    this.ept = new EptWalk(memory, observer, caches);
    this.guest = new GuestWalk(memory, ept, observer, caches);
  }

  /** Names who is told of every entry read from now on; null for nobody. */
  void observe(@Nullable WalkObserver newObserver) {
    guest.observe(newObserver);
    ept.observe(newObserver);
  }

  /**
   * Translates a linear address.
   *
   * @param eptp the EPTP in force
   * @param linearAddress canonical (the processor has checked); bits that the paging mode does not
   *     use are ignored
   * @param access as {@link Access} codes it
   */
  public Status walk(
      PagingState state,
      long eptp,
      EptFeatures features,
      long linearAddress,
      int access,
      WalkResult result) {
    Status status = guest.translate(state, eptp, features, linearAddress, access, result);
    if (status != Status.OK) {
      return status;
    }
    // 2b. An attempt is made to access memory at the ultimate guest-physical address.
    boolean userModeAddress = (result.rights & AccessRights.USER) != 0;
    int needed = EptRights.needed(access, userModeAddress, features);
    int origin = origin(features, result.rights);
    long gpa = result.guestPhysicalAddress;
    status = ept.translate(eptp, features, gpa, needed, origin, result);
    if (status == Status.OK) {
      if (!EptWalk.verifiesPaging(features, needed, origin, result)) {
        return result.status();
      }
      result.memoryType = memoryType(state, result);
    }
    return status;
  }

  /**
   * Bits 11:7 of the exit qualification of an access to the translation of a linear address. Bits
   * 11:9 (user-mode, read/write, execute-disable page) exist with advanced VM-exit information for
   * EPT violations (2026-06 edition, table 30-7).
   */
  private static int origin(EptFeatures features, int rights) {
    int origin = WalkResult.LINEAR_ADDRESS_VALID | WalkResult.TRANSLATION_OF_LINEAR_ADDRESS;
    if (features.supports(EptFeatures.ADVANCED_EXIT_INFORMATION)) {
      origin |= (rights & AccessRights.USER) != 0 ? 1 << 9 : 0;
      origin |= (rights & AccessRights.WRITE) != 0 ? 1 << 10 : 0;
      origin |= (rights & AccessRights.EXECUTE) == 0 ? 1 << 11 : 0;
    }
    return origin;
  }

  /** SDM "Memory Type Used for Translated Guest-Physical Addresses" (28.2.6.2). */
  private static int memoryType(PagingState state, WalkResult result) {
    if ((state.cr0() & PagingState.CR0_CD) != 0) {
      return MemoryType.UC;
    }
    int eptType = result.eptMemoryTyping & 7;
    boolean ignorePat = (result.eptMemoryTyping & 8) != 0;
    return ignorePat ? eptType : MemoryType.combine(eptType, result.patMemoryType);
  }
}
