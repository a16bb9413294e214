package io.vmxsim.ept;

import org.jspecify.annotations.Nullable;

/**
 * One side of VM transitions: its contexts, and what the filters' answers follow from besides the
 * TLBs.
 *
 * <p>JUSTIFICATION: SideBySideExits, where the same guest is entered again and again; without this
 * every page is searched for again after each VM entry and exit.
 */
final class TransitionSide {
  private static final Association NOWHERE = new Association(-2, 0, 0);

  private Association association = NOWHERE;
  private int context;
  private int globalContext;
  private int guestPhysical;
  private short @Nullable [] permitted;

  /** What translations are associated with here. */
  Association association() {
    return association;
  }

  /** The number of that context. */
  int context() {
    return context;
  }

  /** The number of the context of global translations. */
  int globalContext() {
    return globalContext;
  }

  /** The number of the context of guest-physical mappings; 0 without EPT. */
  int guestPhysical() {
    return guestPhysical;
  }

  boolean isAt(int vpid, int pcid, long eptRoot) {
    return association.pcid() == pcid
        && association.vpid() == vpid
        && association.eptRoot() == eptRoot;
  }

  void moveTo(TranslationContexts contexts, int vpid, int pcid, long eptRoot) {
    context = contexts.number(vpid, pcid, eptRoot);
    association = contexts.association(context);
    globalContext = contexts.number(vpid, Association.ANY, eptRoot);
    guestPhysical =
        eptRoot == Association.NO_EPT
            ? 0
            : contexts.number(Association.ANY, Association.ANY, eptRoot);
    permitted = null;
  }

  /** The contexts have lost their numbers. */
  void forget() {
    association = NOWHERE;
  }

  /**
   * Whether the filters' answers still hold under these rights, which are taken. With protection
   * keys in use they never do.
   */
  boolean filters(short[] newPermitted, boolean keys) {
    boolean still = permitted == newPermitted;
    permitted = keys ? null : newPermitted;
    return still;
  }
}
