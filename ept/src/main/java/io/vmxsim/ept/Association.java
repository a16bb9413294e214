package io.vmxsim.ept;

/**
 * What a cached mapping is associated with (SDM "Creating and Using Cached Translation
 * Information"): linear mappings with a VPID and a PCID; combined mappings with a VPID, a PCID and
 * an EPTRTA; guest-physical mappings with an EPTRTA alone.
 *
 * <p>A global translation may be used with any PCID of its VPID, so its PCID is {@link #ANY}.
 *
 * @param vpid VPID, or {@link #ANY} for guest-physical mappings
 * @param pcid PCID, or {@link #ANY} for global translations and guest-physical mappings
 * @param eptRoot EPTRTA, bits 51:12 of the EPTP left in place (older name: EP4TA), or {@link
 *     #NO_EPT} for linear mappings
 */
record Association(int vpid, int pcid, long eptRoot) {
  /** Not associated with a VPID or PCID. */
  static final int ANY = -1;

  /** EPT was not in use. */
  static final long NO_EPT = -1;

  /** The kinds of cached information (SDM "Information That May Be Cached"). */
  enum Kind {
    LINEAR,
    GUEST_PHYSICAL,
    COMBINED
  }

  Kind kind() {
    if (eptRoot == NO_EPT) {
      return Kind.LINEAR;
    }
    return vpid == ANY ? Kind.GUEST_PHYSICAL : Kind.COMBINED;
  }

  boolean isGlobal() {
    return vpid != ANY && pcid == ANY;
  }
}
