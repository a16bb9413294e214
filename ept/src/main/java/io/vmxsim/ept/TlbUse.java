package io.vmxsim.ept;

/** What a TLB is looked up for. One structure may serve several uses. */
public enum TlbUse {
  /** First level, data reads. */
  LOAD,
  /** First level, data writes. */
  STORE,
  /** First level, instruction fetches. */
  FETCH,
  /** Second level, after a first-level miss of any kind. */
  SECOND_LEVEL,
  /**
   * Guest-physical to physical translations, looked up inside a two-dimensional walk (SDM
   * "Information That May Be Cached": guest-physical mappings). Known as a nested TLB.
   */
  GUEST_PHYSICAL;

  /** Whether every access of some kind is looked up here first. */
  boolean isFirstLevel() {
    return this == LOAD || this == STORE || this == FETCH;
  }
}
