package io.vmxsim.ept;

/**
 * The caches a walk may consult instead of reading paging structures, and reports to: the
 * paging-structure caches of both dimensions and the cache of guest-physical translations.
 *
 * <p>SDM "Paging-Structure Caches" (4.10.3) and "Information That May Be Cached" (28.3.1). The
 * implementation knows the current VPID, PCID and EPTRTA; a walk knows addresses only. A report is
 * made when the architecture permits caching: present, no reserved bit or misconfiguration, and
 * accessed flags set (or listed in the {@link WalkResult} before the report).
 */
public interface WalkCaches {
  /**
   * A paging structure below the root, located by a translation so far. Reused; copy, don't keep.
   */
  final class Table {
    /** Level of the entries in this structure: 1 for a page table. */
    public int level;

    /** Physical address of the structure. */
    public long address;

    /** Guest dimension: the guest-physical address of the structure; else equal to the address. */
    public long guestPhysicalAddress;

    /**
     * Rights accumulated over the entries above: {@link AccessRights} in the guest dimension,
     * {@link EptRights} in the EPT dimension.
     */
    public int rights;

    /** Guest dimension under EPT: {@link EptRights} at the structure's guest-physical address. */
    public int eptRights;
  }

  /** A guest-physical translation. Reused; copy, don't keep. */
  final class GuestPhysicalTranslation {
    /** Physical address of the page frame (aligned to the page). */
    public long frame;

    /** Shift of the EPT page: 12, 21 or 30. */
    public int pageShift;

    /** {@link EptRights}. */
    public int rights;

    /** Bits 6:3 of the EPT entry that maps the page: ignore PAT, memory type. */
    public int memoryTyping;

    /** The dirty flag is set, or accessed and dirty flags for EPT are not enabled. */
    public boolean dirty;
  }

  /** Finds the deepest cached guest structure on the way to a linear address; false when none. */
  boolean findGuestTable(long linearAddress, Table found);

  /** The walk for a linear address goes on in this structure. */
  void guestTableUsed(long linearAddress, Table table);

  /** Finds a cached translation of a guest-physical address; false when none. */
  boolean findGuestPhysical(long guestPhysicalAddress, GuestPhysicalTranslation found);

  /** A guest-physical address has been translated through memory. */
  void guestPhysicalTranslated(long guestPhysicalAddress, GuestPhysicalTranslation translation);

  /** Finds the deepest cached EPT structure on the way to a guest-physical address. */
  boolean findEptTable(long guestPhysicalAddress, Table found);

  /** The walk for a guest-physical address goes on in this structure. */
  void eptTableUsed(long guestPhysicalAddress, Table table);
}
