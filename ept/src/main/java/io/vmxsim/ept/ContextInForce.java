package io.vmxsim.ept;

/**
 * What translations are made and used under: the registers, VPID and EPTP in force, and what
 * follows from them. That is the {@link Association} of what is cached, and which accesses cached
 * rights permit.
 */
final class ContextInForce {
  private static final long PCID = 0xFFF;

  /** What {@link #update} may number anew. */
  private static final int NUMBERS = 3;

  private final PagingState paging;
  private final TranslationContexts numbers;

  /** Outside guests, and in them. */
  private final TransitionSide[] sides = {new TransitionSide(), new TransitionSide()};

  /** Which of them this is. */
  private int side;

  private int vpid;
  private long eptp;

  /** Whether the registers are being changed one after another. */
  private boolean switching;

  private Association association = new Association(0, 0, Association.NO_EPT);
  private long tag;
  private long globalTag;
  private boolean untranslated = true;

  private short[] permitted = CachedRights.permitted(new PagingState(52));
  private final short[] deniedByKeys = new short[32];
  private boolean keysInUse;

  /**
   * Outside guests.
   *
   * @param paging the registers in force
   * @param numbers by which the caches know associations
   */
  ContextInForce(PagingState paging, TranslationContexts numbers) {
    this.paging = paging;
    this.numbers = numbers;
  }

  /** Until {@link #enter} the registers change one after another, and nothing is translated. */
  void beginTransition() {
    switching = true;
  }

  boolean isSwitching() {
    return switching;
  }

  /** Takes a VPID and an EPTP, of which 0 means that they are not in use. */
  void enter(int newVpid, long newEptp) {
    switching = false;
    vpid = newVpid;
    eptp = newEptp;
    side = newVpid == 0 && newEptp == 0 ? 0 : 1;
  }

  /** 0 outside guests, 1 in them. */
  int side() {
    return side;
  }

  /** The EPTP; 0 while EPT is not in use. */
  long eptp() {
    return eptp;
  }

  /** Whether there are too few numbers left for {@link #update}. */
  boolean needsNumbers() {
    return numbers.count() + NUMBERS > TranslationContexts.CAPACITY;
  }

  /** The associations have lost their numbers. */
  void forgetNumbers() {
    for (TransitionSide each : sides) {
      each.forget();
    }
  }

  /** Takes notice of changed registers, without what {@link #updateRights} does. */
  void update() {
    int pcid = (paging.cr4() & PagingState.CR4_PCIDE) != 0 ? (int) (paging.cr3() & PCID) : 0;
    long eptRoot = eptp == 0 ? Association.NO_EPT : EptPointer.root(eptp);
    TransitionSide here = sides[side];
    if (!here.isAt(vpid, pcid, eptRoot)) {
      here.moveTo(numbers, vpid, pcid, eptRoot);
    }
    association = here.association();
    tag = Tlb.contextTag(here.context());
    globalTag = Tlb.contextTag(here.globalContext());
    untranslated = eptp == 0 && paging.mode() == PagingMode.NONE;
  }

  /**
   * Takes notice of changed rights.
   *
   * @return whether what the filters know of this side still holds
   */
  boolean updateRights() {
    permitted = CachedRights.permitted(paging);
    boolean keys = (paging.cr4() & (PagingState.CR4_PKE | PagingState.CR4_PKS)) != 0;
    if (keys || keysInUse) {
      CachedRights.deniedByKeys(paging, deniedByKeys);
      keysInUse = keys;
    }
    return sides[side].filters(permitted, keys);
  }

  /** What is cached now is associated with this, global translations aside. */
  Association association() {
    return association;
  }

  /** The number of that association. */
  int number() {
    return sides[side].context();
  }

  /** The number of that of guest-physical mappings; 0 without EPT. */
  int guestPhysicalNumber() {
    return sides[side].guestPhysical();
  }

  /** How entries of TLBs that are not global carry the association. */
  long tag() {
    return tag;
  }

  /** The same for global entries. */
  long globalTag() {
    return globalTag;
  }

  /** The one of the two that an entry carries. */
  long tagOf(long entry) {
    return TlbEntry.isGlobal(entry) ? globalTag : tag;
  }

  /** Whether linear addresses are physical addresses. */
  boolean isUntranslated() {
    return untranslated;
  }

  boolean permits(long entry, int access) {
    return (permitted(entry) >>> access & 1) != 0;
  }

  /** The set of accesses that an entry permits (bit n: access n). */
  int permitted(long entry) {
    int set = permitted[TlbEntry.rights(entry)];
    return keysInUse ? set & ~deniedByKeys[TlbEntry.key(entry)] : set;
  }
}
