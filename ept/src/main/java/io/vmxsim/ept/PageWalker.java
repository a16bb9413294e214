package io.vmxsim.ept;

import io.vmxsim.ept.WalkResult.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the walks of one logical processor: chooses which, sets the accessed and dirty flags that
 * they find to be set, counts what they read and knows what that costs.
 */
public final class PageWalker {
  private final PhysicalMemory memory;
  private final PagingState paging;
  private final MmuWalkCaches caches;
  private final int entryReadCost;

  private final GuestWalk guestWalk;
  private final NestedWalk nestedWalk;

  /** For controls under which only whole translations are cached. */
  private final NestedWalk uncachedWalk;

  private final EptWalk eptWalk;
  private final PlainWalk plainWalk;

  private long eptp;
  private EptFeatures eptFeatures;

  /** The same features while EPT is in use, else null. */
  private @Nullable EptFeatures eptInUse;

  /** Whether walks may be plain: there are no walk caches, and nobody looks at the entries read. */
  private boolean plain;

  private @Nullable PageModificationLog log;
  private @Nullable WalkObserver observer;
  private @Nullable DataCaches dataCaches;

  /** Cycles of the entries that walks found in the data caches. */
  private long cachedReadCycles;

  private long walks;
  private long guestEntryReads;
  private long eptEntryReads;
  private long splinteredFills;

  /**
   * A walker that EPT is not in use for.
   *
   * @param paging the registers in force
   * @param caches what walks go by
   */
  PageWalker(PhysicalMemory memory, PagingState paging, MmuWalkCaches caches, MmuCosts costs) {
    this.memory = memory;
    this.paging = paging;
    this.caches = caches;
    this.eptFeatures = EptFeatures.all(paging.maxPhyAddr());
    this.entryReadCost = costs.walkEntryRead();
    MmuWalkCaches consulted = caches.isAbsent() ? null : caches;
    this.guestWalk = new GuestWalk(memory, null, consulted);
    this.nestedWalk = new NestedWalk(memory, null, consulted);
    this.uncachedWalk = new NestedWalk(memory, null, null);
    this.eptWalk = new EptWalk(memory, null, consulted);
    this.plainWalk = new PlainWalk(memory);
  }

  /**
   * Takes notice of the registers in force.
   *
   * @param newEptp 0 while EPT is not in use
   */
  void contextChanged(long newEptp) {
    eptp = newEptp;
    eptInUse = eptp == 0 ? null : eptFeatures;
    choosePlain();
  }

  /** What EPT supports and the controls it depends on; initially every feature. */
  EptFeatures eptFeatures() {
    return eptFeatures;
  }

  void setEptFeatures(EptFeatures features) {
    eptFeatures = features;
    contextChanged(eptp);
  }

  private void choosePlain() {
    plain =
        caches.isAbsent()
            && observer == null
            && dataCaches == null
            && paging.mode() == PagingMode.FOUR_LEVEL
            && (eptp == 0
                || (EptPointer.walkLength(eptp) == EptRegion.LEVELS && !eptFeatures.walksFully()));
  }

  /** Where dirty flags for EPT are logged that become 1; null for nowhere. */
  public void setModificationLog(@Nullable PageModificationLog newLog) {
    log = newLog;
  }

  // ---- Walks ---------------------------------------------------------------------------------

  /** Whether a {@link PlainWalk} may find a translation. */
  boolean mayBePlain() {
    return plain;
  }

  /** Begins a plain walk. */
  void beginPlain(long va) {
    plainWalk.begin(va);
  }

  /** What the plain walk finds that has begun, as a {@link TlbEntry}; 0 if it is not plain. */
  long plainEntry(long va) {
    return plainWalk.entry(paging, eptp, eptInUse, va);
  }

  /** The plain walk has led to the translation that is used. */
  void countPlain() {
    walks++;
    guestEntryReads += GuestRegion.LEVELS;
    eptEntryReads += PlainWalk.eptEntryReads(eptInUse);
  }

  /** Translates a linear address. */
  Status walk(long va, int access, WalkResult result) {
    if (eptp == 0) {
      guestWalk.walk(paging, va, access, result);
    } else {
      NestedWalk walk = eptFeatures.walksFully() ? uncachedWalk : nestedWalk;
      walk.walk(paging, eptp, eptFeatures, va, access, result);
    }
    Status status = finish(result);
    if (status == Status.OK && splinters(result)) {
      splinteredFills++;
    }
    return status;
  }

  /** Translates a guest-physical address while EPT is in use. */
  Status walkEpt(long gpa, int access, WalkResult result) {
    eptWalk.walk(eptp, eptFeatures, gpa, access, result);
    return finish(result);
  }

  /**
   * What {@link Mmu#translate} would find in memory, for somebody who looks on: nothing is cached,
   * counted, charged or marked as accessed.
   *
   * @param va canonical
   * @param told of the entries read, or null
   */
  public Status look(long va, int access, WalkResult into, @Nullable WalkObserver told) {
    if (eptp == 0) {
      return new GuestWalk(memory, told, null).walk(paging, va, access, into);
    }
    return new NestedWalk(memory, told, null).walk(paging, eptp, eptFeatures, va, access, into);
  }

  /** Counts the walk that has been made, and sets the flags it found to be set; how it ended. */
  private Status finish(WalkResult result) {
    walks++;
    guestEntryReads += result.guestEntryReads;
    eptEntryReads += result.eptEntryReads;
    if (observer != null) {
      observer.walkEnded();
    }
    if (log == null) {
      result.applyUpdates(memory);
    } else {
      result.applyUpdates(memory, log);
    }
    return result.status();
  }

  /** Whether a TLB entry covers less than the guest page. */
  private static boolean splinters(WalkResult result) {
    return !result.bySubPage
        && result.guestPageShift() != PagingMode.NO_PAGE_SHIFT
        && result.eptPageShift() < result.guestPageShift();
  }

  // ---- Costs and counts ----------------------------------------------------------------------

  /** The part of {@link Mmu#translationCycles} that walks took. */
  public long cycles() {
    long reads =
        dataCaches == null ? (guestEntryReads + eptEntryReads) * entryReadCost : cachedReadCycles;
    return caches.cycles + reads;
  }

  /**
   * What happened so far.
   *
   * @param structures hits and misses of what caches translations
   */
  MmuStatistics statistics(List<MmuStatistics.Structure> structures) {
    return new MmuStatistics(
        structures, walks, guestEntryReads, eptEntryReads, splinteredFills, cycles());
  }

  /** Tells {@code newObserver} of every entry that walks read from now on; null for nobody. */
  public void observe(@Nullable WalkObserver newObserver) {
    observer = newObserver;
    tellWalks();
  }

  /**
   * Finds the entries that walks read in caches: each costs what the level does that has it, and
   * not {@link MmuCosts#walkEntryRead}. Before the first translation.
   */
  public void readThrough(DataCaches newCaches) {
    dataCaches = newCaches;
    tellWalks();
  }

  private void tellWalks() {
    WalkObserver told = dataCaches == null ? observer : this::readThroughCaches;
    guestWalk.observe(told);
    nestedWalk.observe(told);
    uncachedWalk.observe(told);
    eptWalk.observe(told);
    choosePlain();
  }

  private void readThroughCaches(
      WalkObserver.Dimension dimension, int level, long entryAddress, long entry) {
    if (dataCaches != null) {
      cachedReadCycles += dataCaches.access(entryAddress, DataCaches.User.WALK);
    }
    if (observer != null) {
      observer.entryRead(dimension, level, entryAddress, entry);
    }
  }
}
