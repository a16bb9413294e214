package io.vmxsim.ept;

/**
 * The content of a TLB entry in one long (SDM "Caching Translations in TLBs").
 *
 * <pre>
 *   6:0   access rights and dirty flag, see {@link CachedRights}
 *  11:8   protection key
 *  51:12  page frame
 *  53:52  size of the guest page the entry is a part of: 0 none larger, 1 2M, 2 4M, 3 1G
 *  54     global
 *  63     1
 * </pre>
 */
final class TlbEntry {
  private static final long PRESENT = 1L << 63;
  private static final long GLOBAL = 1L << 54;
  private static final long FRAME = (1L << 52) - (1L << 12);
  private static final int RIGHTS = 0x7F;
  private static final int KEY_SHIFT = 8;
  private static final int GUEST_PAGE_SHIFT = 52;

  private TlbEntry() {}

  /**
   * The entry for what a walk has found.
   *
   * @param frame physical address of the page that the entry covers
   */
  static long of(long frame, WalkResult walk, EptFeatures features) {
    long guestPage =
        switch (walk.guestPageShift()) {
          case 21 -> 1;
          case 22 -> 2;
          case 30 -> 3;
          default -> 0;
        };
    return PRESENT
        | (walk.global() ? GLOBAL : 0)
        | guestPage << GUEST_PAGE_SHIFT
        | frame
        | AccessRights.key(walk.rights()) << KEY_SHIFT
        | CachedRights.of(walk, features);
  }

  /**
   * The entry for what a {@link PlainWalk} has found.
   *
   * @param guestEntry the guest's entry that maps the page
   * @param rights those of the guest's entries above it
   */
  static long plain(long frame, long guestEntry, int rights, PagingState state) {
    boolean global =
        (guestEntry & GuestWalk.GLOBAL) != 0 && (state.cr4() & PagingState.CR4_PGE) != 0;
    return PRESENT
        | (global ? GLOBAL : 0)
        | frame
        | (guestEntry >>> 59 & 15) << KEY_SHIFT
        | (rights & AccessRights.ofEntry(guestEntry))
        | ((guestEntry & GuestWalk.DIRTY) != 0 ? CachedRights.DIRTY : 0)
        | CachedRights.EPT_ALL;
  }

  static long frame(long entry) {
    return entry & FRAME;
  }

  static int rights(long entry) {
    return (int) entry & RIGHTS;
  }

  /** Protection key and, in bit 4, whether the address is a user-mode address. */
  static int key(long entry) {
    return ((int) entry >>> KEY_SHIFT & 0xF) | ((int) entry & AccessRights.USER) << 2;
  }

  static boolean isGlobal(long entry) {
    return (entry & GLOBAL) != 0;
  }

  /** Shift of the guest page the entry is a part of, 0 if that is no larger than 4 KBytes. */
  static int guestPageShift(long entry) {
    return switch ((int) (entry >>> GUEST_PAGE_SHIFT) & 3) {
      case 1 -> 21;
      case 2 -> 22;
      case 3 -> 30;
      default -> 0;
    };
  }
}
