package io.vmxsim.validation;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.PagingState;
import java.util.List;

/**
 * SDM "Determination of Access Rights" (4.6.1), "Protection Keys" (4.6.2), "Page-Fault Exceptions"
 * (4.7) and table 11-7, sentence by sentence, for {@link ReferenceWalk}.
 */
final class ReferenceAccessRights {
  /** Encodings of UC, WC, WT, WP, WB and UC-. */
  private static final List<Integer> ENCODINGS = List.of(0, 1, 4, 5, 6, 7);

  private ReferenceAccessRights() {}

  /** Whether 4.6.1 allows an access to a linear address that has a translation. */
  static boolean allowed(
      PagingState s, int access, boolean userAddress, boolean rw, boolean xd, int key) {
    boolean userAccess = (access & Access.USER) != 0 && (access & Access.IMPLICIT) == 0;
    if (userAccess) {
      return userModeAccessAllowed(s, access, userAddress, rw, xd, key);
    }
    if (Access.isFetch(access)) {
      if (!userAddress) { // "Instruction fetches from supervisor-mode addresses."
        return !noExecute(s, xd);
      } else if (!bit(s.cr4(), 20)) { // "Instruction fetches from user-mode addresses.", SMEP = 0
        return !noExecute(s, xd);
      } else {
        return false;
      }
    }
    boolean wp = bit(s.cr0(), 16);
    boolean keyAllows = keyAllows(s, access, userAddress, false, key);
    if (!userAddress) {
      if (!Access.isWrite(access)) { // "Data may be read from any supervisor-mode address"
        return keyAllows; // "with a protection key for which read access is permitted" (PKS)
      }
      return wp ? rw && keyAllows : keyAllows;
    }
    boolean smap = bit(s.cr4(), 21);
    boolean explicit = (access & Access.IMPLICIT) == 0;
    boolean reachable = !smap || (s.rflagsAc() && explicit);
    if (!Access.isWrite(access)) { // "Data reads from user-mode pages."
      return reachable && keyAllows;
    } else if (!wp) { // "Data writes to user-mode addresses.", CR0.WP = 0
      return reachable && keyAllows;
    } else { // CR0.WP = 1
      return reachable && rw && keyAllows;
    }
  }

  private static boolean userModeAccessAllowed(
      PagingState s, int access, boolean userAddress, boolean rw, boolean xd, int key) {
    if (!userAddress) {
      return false;
    } else if (Access.isFetch(access)) {
      return !noExecute(s, xd);
    } else if (Access.isWrite(access)) {
      return rw && keyAllows(s, access, true, true, key);
    } else {
      return keyAllows(s, access, true, true, key);
    }
  }

  /** XD counts with PAE or IA-32e paging and IA32_EFER.NXE = 1. */
  private static boolean noExecute(PagingState s, boolean xd) {
    return bit(s.cr4(), 5) && bit(s.efer(), 11) && xd;
  }

  private static boolean keyAllows(
      PagingState s, int access, boolean userAddress, boolean userAccess, int key) {
    boolean ia32e = bit(s.efer(), 8) && bit(s.cr4(), 5) && bit(s.cr0(), 31);
    boolean enabled = userAddress ? bit(s.cr4(), 22) : bit(s.cr4(), 24);
    if (!ia32e || !enabled) {
      return true;
    }
    int rights = userAddress ? s.pkru() : s.pkrs();
    if (bit(rights, 2 * key)) { // "If ADi = 1, no data accesses are permitted."
      return false;
    }
    if (bit(rights, 2 * key + 1) && Access.isWrite(access)) {
      boolean wp = bit(s.cr0(), 16);
      return userAddress ? !userAccess && !wp : !wp; // user-mode writes never; others if WP = 0
    }
    return true;
  }

  /** 4.7: when the PK flag of the error code is 1, there being a translation. */
  static boolean protectionKeyFlag(PagingState s, int access, boolean userAddress, int key) {
    boolean userAccess = (access & Access.USER) != 0 && (access & Access.IMPLICIT) == 0;
    return !Access.isFetch(access) && !keyAllows(s, access, userAddress, userAccess, key);
  }

  /** 4.7: the W/R, U/S and I/D flags of the error code. */
  static int accessFlags(PagingState s, int access) {
    boolean userAccess = (access & Access.USER) != 0 && (access & Access.IMPLICIT) == 0;
    boolean id =
        Access.isFetch(access) && (bit(s.cr4(), 20) || (bit(s.cr4(), 5) && bit(s.efer(), 11)));
    return (Access.isWrite(access) ? 1 << 1 : 0) | (userAccess ? 1 << 2 : 0) | (id ? 1 << 4 : 0);
  }

  /** Table 11-7, row by row: MTRR (or EPT) memory type, then PAT entry value. */
  static int effectiveMemoryType(int mtrr, int pat) {
    List<String> row =
        switch (mtrr) {
          // PAT entry:    UC    WC    WT    WP    WB    UC-
          case 0 -> List.of("UC", "WC", "UC", "UC", "UC", "UC");
          case 1 -> List.of("UC", "WC", "UC", "UC", "WC", "WC");
          case 4 -> List.of("UC", "WC", "WT", "WP", "WT", "UC");
          case 5 -> List.of("UC", "WC", "WT", "WP", "WP", "WC");
          case 6 -> List.of("UC", "WC", "WT", "WP", "WB", "UC");
          default -> throw new IllegalArgumentException("memory type " + mtrr);
        };
    String effective = row.get(ENCODINGS.indexOf(pat));
    return ENCODINGS.get(List.of("UC", "WC", "WT", "WP", "WB", "UC-").indexOf(effective));
  }

  private static boolean bit(long value, int n) {
    return (value >>> n & 1) != 0;
  }
}
