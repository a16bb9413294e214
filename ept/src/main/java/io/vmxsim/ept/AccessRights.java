package io.vmxsim.ept;

/**
 * What guest paging allows at a linear address, and the decision on an access: SDM "Access Rights"
 * (4.6) and "Page-Fault Exceptions" (4.7).
 *
 * <p>Rights are an {@code int}: R/W and U/S at their positions in an entry, execute (not XD) in bit
 * 0, each the AND over the entries that control the translation, and the protection key in bits
 * 11:8. Both the walk and a TLB hit are decided here.
 */
public final class AccessRights {
  /** XD is 0 in every entry. */
  public static final int EXECUTE = 1;

  /** R/W is 1 in every entry. */
  public static final int WRITE = 1 << 1;

  /** U/S is 1 in every entry: a user-mode address. */
  public static final int USER = 1 << 2;

  /** All of them, with protection key 0; also the rights of every address while CR0.PG = 0. */
  public static final int ALL = EXECUTE | WRITE | USER;

  /** Page-fault error code: the fault was not caused by a non-present page. */
  public static final int PF_PRESENT = 1;

  /** Page-fault error code: the access was a write. */
  public static final int PF_WRITE = 1 << 1;

  /** Page-fault error code: the access was a user-mode access. */
  public static final int PF_USER = 1 << 2;

  /** Page-fault error code: a reserved bit was 1 in some entry. */
  public static final int PF_RESERVED = 1 << 3;

  /** No translation by HLAT paging (June 2026). */
  public static final int PF_HLAT = 1 << 7;

  /** Page-fault error code: the access was an instruction fetch (as far as paging tells). */
  public static final int PF_FETCH = 1 << 4;

  /** Page-fault error code: there was a protection-key violation. */
  public static final int PF_PROTECTION_KEY = 1 << 5;

  private static final int KEY_SHIFT = 8;

  private AccessRights() {}

  /** The rights that one entry contributes. */
  static int ofEntry(long entry) {
    return (int) ((entry & (WRITE | USER)) | (~entry >>> 63));
  }

  /** Bits 62:59 of the entry that maps the page, as they stand in rights. */
  static int keyOfEntry(long entry) {
    return (int) ((entry >>> 59) & 15) << KEY_SHIFT;
  }

  /** The protection key, 0 to 15. */
  public static int key(int rights) {
    return (rights >>> KEY_SHIFT) & 15;
  }

  /**
   * Decides an access to a linear address that has a translation.
   *
   * @return 0 when the access is allowed, otherwise the page-fault error code
   */
  public static int violation(PagingState state, int rights, int access) {
    boolean keyViolation = violatesKey(state, rights, access);
    boolean denied = keyViolation || !allowedByMode(state, rights, access);
    return denied
        ? errorCode(state, access) | PF_PRESENT | (keyViolation ? PF_PROTECTION_KEY : 0)
        : 0;
  }

  /** The bits of a page-fault error code that describe the access: W/R, U/S and I/D. */
  static int errorCode(PagingState state, int access) {
    return (Access.isWrite(access) ? PF_WRITE : 0)
        | (Access.isUserMode(access) ? PF_USER : 0)
        | (Access.isFetch(access) && reportsFetches(state) ? PF_FETCH : 0);
  }

  /** SDM 4.6.1, without protection keys. */
  private static boolean allowedByMode(PagingState state, int rights, int access) {
    boolean userAddress = (rights & USER) != 0;
    boolean userAccess = Access.isUserMode(access);
    if (userAccess && !userAddress) {
      return false;
    }
    if (Access.isFetch(access)) {
      boolean smep = (state.cr4() & PagingState.CR4_SMEP) != 0;
      return (rights & EXECUTE) != 0 && (userAccess || !userAddress || !smep);
    }
    if (!userAccess && userAddress && smapForbids(state, access)) {
      return false;
    }
    return !Access.isWrite(access) || (rights & WRITE) != 0 || !(userAccess || writeProtect(state));
  }

  private static boolean smapForbids(PagingState state, int access) {
    return (state.cr4() & PagingState.CR4_SMAP) != 0
        && (!state.rflagsAc() || (access & Access.IMPLICIT) != 0);
  }

  /**
   * SDM "Protection Keys" (4.6.2): PKRU governs data accesses to user-mode addresses; IA32_PKRS
   * (later editions) those to supervisor-mode addresses.
   */
  private static boolean violatesKey(PagingState state, int rights, int access) {
    if (Access.isFetch(access) || state.mode().topLevel() < 4) {
      return false;
    }
    boolean userAddress = (rights & USER) != 0;
    long enable = userAddress ? PagingState.CR4_PKE : PagingState.CR4_PKS;
    if ((state.cr4() & enable) == 0) {
      return false;
    }
    int register = userAddress ? state.pkru() : state.pkrs();
    int disabled = register >>> (2 * key(rights)); // bit 0 access-disable, bit 1 write-disable
    return (disabled & 1) != 0
        || ((disabled & 2) != 0
            && Access.isWrite(access)
            && ((userAddress && Access.isUserMode(access)) || writeProtect(state)));
  }

  private static boolean writeProtect(PagingState state) {
    return (state.cr0() & PagingState.CR0_WP) != 0;
  }

  private static boolean reportsFetches(PagingState state) {
    return (state.cr4() & PagingState.CR4_SMEP) != 0
        || ((state.cr4() & PagingState.CR4_PAE) != 0 && (state.efer() & PagingState.EFER_NXE) != 0);
  }
}
