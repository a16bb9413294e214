package io.vmxsim.ept;

/**
 * The access rights a cached translation carries, and what they permit under the mode bits in
 * force.
 *
 * <p>SDM "Caching Translations in TLBs" lists what an entry holds. CR0.WP, CR4.SMEP, CR4.SMAP,
 * RFLAGS.AC and the protection-key registers may change while an entry stays, so the decision is
 * made at each use; the answers of {@link AccessRights} are tabulated for that. Cached rights only
 * ever say yes: what they do not permit is decided by a walk.
 */
final class CachedRights {
  /** A write sets no dirty flag: those of the guest's and of EPT's entry are set or unused. */
  static final int DIRTY = 1 << 3;

  /** EPT allows data reads; likewise the next two. All are set while EPT is not in use. */
  static final int EPT_READ = 1 << 4;

  static final int EPT_WRITE = 1 << 5;

  /** For the address's own mode, user or supervisor, under mode-based execute control. */
  static final int EPT_EXECUTE = 1 << 6;

  static final int EPT_ALL = EPT_READ | EPT_WRITE | EPT_EXECUTE;

  private static final int COMBINATIONS = 1 << 7;

  /** One more than the largest value of an {@link Access}. */
  private static final int ACCESSES = 16;

  /** CR0.WP, CR4.SMEP, CR4.SMAP and RFLAGS.AC, as bits 3:0. */
  private static final int MODES = 16;

  /** For each mode and each combination of rights, the set of permitted accesses. */
  private static final short[][] PERMITTED = new short[MODES][];

  /** The same while paging is off: EPT alone decides. */
  private static final short[] PERMITTED_BY_EPT = new short[COMBINATIONS];

  static {
    PagingState state = new PagingState(52);
    for (int mode = 0; mode < MODES; mode++) {
      state.setCr0((mode & 1) != 0 ? PagingState.CR0_WP : 0);
      state.setCr4(
          ((mode & 2) != 0 ? PagingState.CR4_SMEP : 0)
              | ((mode & 4) != 0 ? PagingState.CR4_SMAP : 0));
      state.setRflagsAc((mode & 8) != 0);
      PERMITTED[mode] = new short[COMBINATIONS];
      for (int rights = 0; rights < COMBINATIONS; rights++) {
        PERMITTED[mode][rights] = permittedAccesses(state, rights);
      }
    }
    for (int rights = 0; rights < COMBINATIONS; rights++) {
      PERMITTED_BY_EPT[rights] = PERMITTED[0][rights | AccessRights.ALL];
    }
  }

  private CachedRights() {}

  /** The rights of the translation that a walk found. */
  static int of(WalkResult walk, EptFeatures features) {
    boolean userAddress = (walk.rights() & AccessRights.USER) != 0;
    int execute = EptRights.needed(Access.FETCH, userAddress, features);
    return (walk.rights() & AccessRights.ALL)
        | (walk.dirty() ? DIRTY : 0)
        | ((walk.eptRights() & EptRights.READ) != 0 ? EPT_READ : 0)
        | ((walk.eptRights() & EptRights.WRITE) != 0 ? EPT_WRITE : 0)
        | ((walk.eptRights() & execute) != 0 ? EPT_EXECUTE : 0);
  }

  /** By rights, the set of permitted accesses (bit n: access n), protection keys aside. */
  static short[] permitted(PagingState state) {
    if (state.mode() == PagingMode.NONE) {
      return PERMITTED_BY_EPT;
    }
    int mode =
        ((state.cr0() & PagingState.CR0_WP) != 0 ? 1 : 0)
            | ((state.cr4() & PagingState.CR4_SMEP) != 0 ? 2 : 0)
            | ((state.cr4() & PagingState.CR4_SMAP) != 0 ? 4 : 0)
            | (state.rflagsAc() ? 8 : 0);
    return PERMITTED[mode];
  }

  /**
   * Fills in the accesses that protection keys forbid.
   *
   * @param denied receives 16 sets for supervisor-mode addresses, by key, and 16 for user-mode ones
   */
  static void deniedByKeys(PagingState state, short[] denied) {
    for (int key = 0; key < 16; key++) {
      int keyed = AccessRights.EXECUTE | AccessRights.WRITE | key << 8;
      denied[key] = deniedByKey(state, keyed);
      denied[16 + key] = deniedByKey(state, keyed | AccessRights.USER);
    }
  }

  private static short deniedByKey(PagingState state, int rights) {
    int set = 0;
    for (int access = 0; access < ACCESSES; access++) {
      int error = AccessRights.violation(state, rights, access);
      set |= (error & AccessRights.PF_PROTECTION_KEY) != 0 ? 1 << access : 0;
    }
    return (short) set;
  }

  private static short permittedAccesses(PagingState state, int rights) {
    int set = 0;
    for (int access = 0; access < ACCESSES; access++) {
      int needed =
          switch (Access.kind(access)) {
            case Access.READ -> EPT_READ;
            case Access.WRITE -> EPT_WRITE | DIRTY;
            case Access.FETCH -> EPT_EXECUTE;
            default -> COMBINATIONS; // no such access
          };
      boolean allowed =
          (rights & needed) == needed
              && AccessRights.violation(state, rights & AccessRights.ALL, access) == 0;
      set |= allowed ? 1 << access : 0;
    }
    return (short) set;
  }
}
