package io.vmxsim.ept;

/**
 * What EPT allows at a guest-physical address: the AND of bits 2:0 and 10 of the entries used to
 * translate it, kept at their positions in the entry. SDM "EPT Violations" (28.2.3.2).
 */
public final class EptRights {
  public static final int READ = 1;
  public static final int WRITE = 1 << 1;

  /** Execute; for supervisor-mode linear addresses only under mode-based execute control. */
  public static final int EXECUTE = 1 << 2;

  /** Execute for user-mode linear addresses, under mode-based execute control. */
  public static final int USER_EXECUTE = 1 << 10;

  /**
   * Updates of guest paging structures although WRITE is not there, by "EPT paging-write control";
   * among the rights that are needed: WRITE is for such an update. No bit of entries.
   */
  static final int PAGING_WRITE = 1 << 11;

  /** All rights. */
  public static final int ALL = READ | WRITE | EXECUTE | USER_EXECUTE;

  private EptRights() {}

  /**
   * The right that an access to the translation of a linear address needs.
   *
   * @param access as {@link Access} codes it
   * @param userModeAddress whether guest paging makes it a user-mode linear address
   */
  public static int needed(int access, boolean userModeAddress, EptFeatures features) {
    if (Access.isFetch(access)) {
      return userModeAddress && features.modeBasedExecute() ? USER_EXECUTE : EXECUTE;
    }
    return Access.isWrite(access) ? WRITE : READ;
  }
}
