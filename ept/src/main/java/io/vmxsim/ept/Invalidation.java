package io.vmxsim.ept;

import static io.vmxsim.ept.Invalidation.Extent.ALL_ADDRESSES;
import static io.vmxsim.ept.Invalidation.Extent.THE_ADDRESS;
import static io.vmxsim.ept.Invalidation.Globals.AND_GLOBALS;
import static io.vmxsim.ept.Invalidation.Globals.NOT_GLOBALS;
import static io.vmxsim.ept.Invalidation.Kinds.COMBINED;
import static io.vmxsim.ept.Invalidation.Kinds.GUEST_PHYSICAL;
import static io.vmxsim.ept.Invalidation.Kinds.GUEST_PHYSICAL_COMBINED;
import static io.vmxsim.ept.Invalidation.Kinds.LINEAR_COMBINED;
import static io.vmxsim.ept.Invalidation.Which.CURRENT;
import static io.vmxsim.ept.Invalidation.Which.EVERY;
import static io.vmxsim.ept.Invalidation.Which.NON_ZERO;
import static io.vmxsim.ept.Invalidation.Which.OPERAND;
import static io.vmxsim.ept.Invalidation.Which.ZERO;

import io.vmxsim.ept.Association.Kind;
import java.util.List;

/**
 * What each operation removes from the translation caches: a row per operation, what the SDM
 * requires and no more, so that software which forgets an invalidation meets the stale mapping.
 *
 * <p>Sources: SDM "Operations that Invalidate TLBs and Paging-Structure Caches" and, for the VMX
 * operations and the VPID and EPTRTA columns, "Operations that Invalidate Cached Mappings". An
 * operation from the first list acts on the current VPID, for all EPTRTAs, and never on
 * guest-physical mappings. The columns are: kinds of mapping, VPID, PCID, EPTRTA, global
 * translations, extent in the TLBs, extent in the paging-structure caches (the last two everything
 * unless given).
 */
enum Invalidation {
  INVLPG(LINEAR_COMBINED, CURRENT, CURRENT, EVERY, AND_GLOBALS, THE_ADDRESS, ALL_ADDRESSES),
  INVPCID_ADDRESS(LINEAR_COMBINED, CURRENT, OPERAND, EVERY, NOT_GLOBALS, THE_ADDRESS, THE_ADDRESS),
  INVPCID_SINGLE_CONTEXT(LINEAR_COMBINED, CURRENT, OPERAND, EVERY, NOT_GLOBALS),
  INVPCID_ALL_AND_GLOBALS(LINEAR_COMBINED, CURRENT, EVERY, EVERY, AND_GLOBALS),
  INVPCID_ALL(LINEAR_COMBINED, CURRENT, EVERY, EVERY, NOT_GLOBALS),

  /** MOV to CR3 with bit 63 of the source clear; the PCID is the one being established. */
  MOV_TO_CR3(LINEAR_COMBINED, CURRENT, OPERAND, EVERY, NOT_GLOBALS),
  /** MOV to CR0 that changes PG; MOV to CR4 that changes PGE or clears PCIDE. */
  MOV_TO_CR_ALL_PCIDS(LINEAR_COMBINED, CURRENT, EVERY, EVERY, AND_GLOBALS),
  /** MOV to CR4 that changes PAE or sets SMEP. */
  MOV_TO_CR4_CURRENT_PCID(LINEAR_COMBINED, CURRENT, CURRENT, EVERY, AND_GLOBALS),

  /** A cached translation did not permit an access: its dirty flag or rights may have changed. */
  DENIED_ACCESS(LINEAR_COMBINED, CURRENT, CURRENT, CURRENT, AND_GLOBALS, THE_ADDRESS, THE_ADDRESS),
  PAGE_FAULT(LINEAR_COMBINED, CURRENT, CURRENT, EVERY, AND_GLOBALS, THE_ADDRESS, THE_ADDRESS),
  /** What an EPT violation does to mappings of the linear address that led to it. */
  EPT_VIOLATION_LINEAR(COMBINED, CURRENT, CURRENT, CURRENT, AND_GLOBALS, THE_ADDRESS, THE_ADDRESS),
  /** What an EPT violation does to mappings of the guest-physical address that caused it. */
  EPT_VIOLATION_GUEST_PHYSICAL(
      GUEST_PHYSICAL, EVERY, EVERY, CURRENT, AND_GLOBALS, THE_ADDRESS, THE_ADDRESS),

  /** VM entry or VM exit while the "enable VPID" VM-execution control is 0. */
  VMX_TRANSITION_WITHOUT_VPID(LINEAR_COMBINED, ZERO, EVERY, EVERY, AND_GLOBALS),
  INVVPID_ADDRESS(LINEAR_COMBINED, OPERAND, EVERY, EVERY, AND_GLOBALS, THE_ADDRESS, THE_ADDRESS),
  INVVPID_SINGLE_CONTEXT(LINEAR_COMBINED, OPERAND, EVERY, EVERY, AND_GLOBALS),
  INVVPID_ALL_CONTEXTS(LINEAR_COMBINED, NON_ZERO, EVERY, EVERY, AND_GLOBALS),
  INVVPID_RETAINING_GLOBALS(LINEAR_COMBINED, OPERAND, EVERY, EVERY, NOT_GLOBALS),
  INVEPT_SINGLE_CONTEXT(GUEST_PHYSICAL_COMBINED, EVERY, EVERY, OPERAND, AND_GLOBALS),
  INVEPT_ALL_CONTEXTS(GUEST_PHYSICAL_COMBINED, EVERY, EVERY, EVERY, AND_GLOBALS);

  /** INVPCID by type, 0 to 3. */
  static final List<Invalidation> INVPCID_TYPES =
      List.of(INVPCID_ADDRESS, INVPCID_SINGLE_CONTEXT, INVPCID_ALL_AND_GLOBALS, INVPCID_ALL);

  /** INVVPID by type, 0 to 3. */
  static final List<Invalidation> INVVPID_TYPES =
      List.of(
          INVVPID_ADDRESS, INVVPID_SINGLE_CONTEXT, INVVPID_ALL_CONTEXTS, INVVPID_RETAINING_GLOBALS);

  /** INVEPT by type less one: 1 and 2. */
  static final List<Invalidation> INVEPT_TYPES =
      List.of(INVEPT_SINGLE_CONTEXT, INVEPT_ALL_CONTEXTS);

  /** Which kinds of mapping a row concerns. */
  enum Kinds {
    LINEAR_COMBINED,
    GUEST_PHYSICAL_COMBINED,
    COMBINED,
    GUEST_PHYSICAL;

    boolean include(Kind kind) {
      return switch (kind) {
        case LINEAR -> this == LINEAR_COMBINED;
        case GUEST_PHYSICAL -> this == GUEST_PHYSICAL || this == GUEST_PHYSICAL_COMBINED;
        case COMBINED -> this != GUEST_PHYSICAL;
      };
    }
  }

  /** Which VPIDs, PCIDs or EPTRTAs a row names. */
  enum Which {
    CURRENT,
    OPERAND,
    ZERO,
    NON_ZERO,
    EVERY;

    boolean names(long value, long current, long operand) {
      return switch (this) {
        case CURRENT -> value == current;
        case OPERAND -> value == operand;
        case ZERO -> value == 0;
        case NON_ZERO -> value != 0;
        case EVERY -> true;
      };
    }
  }

  /** Whether global translations go too. */
  enum Globals {
    AND_GLOBALS,
    NOT_GLOBALS
  }

  /** Whether mappings of one address go or those of all addresses. */
  enum Extent {
    /** Those that would be used to translate the address, whatever size they were cached at. */
    THE_ADDRESS,
    ALL_ADDRESSES
  }

  private final Kinds kinds;
  private final Which vpid;
  private final Which pcid;
  private final Which eptRoot;
  private final Globals globals;
  private final Extent translations;
  private final Extent pagingStructureCaches;

  Invalidation(
      Kinds kinds,
      Which vpid,
      Which pcid,
      Which eptRoot,
      Globals globals,
      Extent translations,
      Extent pagingStructureCaches) {
    this.kinds = kinds;
    this.vpid = vpid;
    this.pcid = pcid;
    this.eptRoot = eptRoot;
    this.globals = globals;
    this.translations = translations;
    this.pagingStructureCaches = pagingStructureCaches;
  }

  Invalidation(Kinds kinds, Which vpid, Which pcid, Which eptRoot, Globals globals) {
    this(kinds, vpid, pcid, eptRoot, globals, ALL_ADDRESSES, ALL_ADDRESSES);
  }

  Extent translations() {
    return translations;
  }

  Extent pagingStructureCaches() {
    return pagingStructureCaches;
  }

  /**
   * Whether the row covers mappings with an association.
   *
   * @param mapping what the cached mapping is associated with
   * @param current the VPID, PCID and EPTRTA in force
   * @param operand those the operation names; columns without {@link Which#OPERAND} ignore it
   */
  boolean covers(Association mapping, Association current, Association operand) {
    if (!kinds.include(mapping.kind())
        || !eptRoot.names(mapping.eptRoot(), current.eptRoot(), operand.eptRoot())) {
      return false;
    }
    if (mapping.kind() == Kind.GUEST_PHYSICAL) {
      return true;
    }
    boolean pcidNamed =
        mapping.isGlobal()
            ? globals == AND_GLOBALS
            : pcid.names(mapping.pcid(), current.pcid(), operand.pcid());
    return pcidNamed && vpid.names(mapping.vpid(), current.vpid(), operand.vpid());
  }
}
