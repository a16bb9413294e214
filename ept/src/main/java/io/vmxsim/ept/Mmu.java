package io.vmxsim.ept;

import io.vmxsim.ept.WalkResult.Status;
import java.util.ArrayList;
import java.util.List;

/**
 * Address translation of one logical processor: TLBs, walk caches and walks under the registers,
 * VPID and EPTP in force, with what each step costs.
 *
 * <p>The modelled TLB is the only TLB. What makes it fast is a filter in front, which knows where
 * in the TLB an entry is and changes nothing there but what a search would change ({@link
 * TlbFilter}). Sources: SDM "Caching Translation Information", the section of that name in "Paging"
 * and the one in "VMX Support for Address Translation".
 *
 * <p>Software that forgets an invalidation meets its stale mapping here: nothing is invalidated
 * beyond the rows of {@link Invalidation}.
 */
public final class Mmu {
  private static final long NO_FLUSH = 1L << 63;
  private static final long LINEAR_32 = 0xFFFF_FFFFL;
  private static final long OFFSET_4K = 0xFFF;

  private final MmuCosts costs;
  private final PagingState paging;

  private final CachedMappings cached;

  /** The first level by kind of access: {@link Access#READ}, WRITE, FETCH. */
  private final TlbLevel[] first;

  private final TlbLevel second;

  /** By kind of access, what is tried before the first level's structure of 4-KByte pages. */
  private final TlbFilter[] filters;

  private final TlbFilter fetches;
  private final TlbFilter loads;
  private final TlbFilter stores;

  private final MmuWalkCaches caches;
  private final PageWalker walker;
  private final WalkResult result = new WalkResult();

  private final ContextInForce context;

  private long physicalAddress;
  private long secondLevelCycles;

  /** What {@link #translationCycles} answers, which is asked for far more often than it changes. */
  private long translationCycles;

  /**
   * The translation hardware of a processor after reset.
   *
   * @param memory its address width is the processor's MAXPHYADDR
   */
  public Mmu(PhysicalMemory memory, MmuGeometry geometry, MmuCosts costs) {
    this(memory, geometry, costs, true);
  }

  /** As above; without the filter every translation takes the full look-up. */
  Mmu(PhysicalMemory memory, MmuGeometry geometry, MmuCosts costs, boolean filtered) {
    this.costs = costs;
    int maxPhyAddr = Math.max(32, memory.addressBits());
    this.paging = new PagingState(maxPhyAddr);
    this.cached = new CachedMappings(geometry, costs, filtered);
    this.context = new ContextInForce(paging, cached.contexts());
    this.first = cached.firstLevel();
    this.second = cached.secondLevel();
    this.filters =
        new TlbFilter[] {
          first[0].front().filter(), first[1].front().filter(), first[2].front().filter()
        };
    this.fetches = filters[Access.FETCH];
    this.loads = filters[Access.READ];
    this.stores = filters[Access.WRITE];
    this.caches = cached.walkCaches();
    this.walker = new PageWalker(memory, paging, caches, costs);
    contextChanged();
  }

  // ---- Context -------------------------------------------------------------------------------

  /** The registers in force. After changing one of them, call {@link #contextChanged}. */
  public PagingState paging() {
    return paging;
  }

  /**
   * Takes notice of changed registers: PCID, mode and what cached rights permit follow from them.
   * Invalidates nothing.
   */
  public void contextChanged() {
    if (context.isSwitching()) {
      return;
    }
    if (context.needsNumbers()) {
      dropEverything(); // a processor may invalidate anything at any time
    }
    context.update();
    cached.setCurrent(context.association());
    caches.setContext(paging.mode(), context.number(), context.guestPhysicalNumber());
    rightsChanged();
    walker.contextChanged(context.eptp());
  }

  /**
   * Takes notice of changes to RFLAGS.AC, PKRU and IA32_PKRS alone, the registers that programs
   * change often; {@link #contextChanged} includes it.
   */
  public void rightsChanged() {
    if (!context.isSwitching() && !context.updateRights()) {
      forgetFiltered();
    }
  }

  /** Has every page that accesses reach in this context searched for again, and opened again. */
  public void forgetFiltered() {
    for (TlbFilter filter : filters) {
      filter.clear();
    }
  }

  /**
   * VM entry: translations are those of a guest from now on. Invalidates nothing: see {@link
   * CachedMappings#flushForVmTransition}.
   *
   * @param newVpid the guest's VPID; 0 if the "enable VPID" VM-execution control is 0
   * @param newEptp the EPTP; 0 if the "enable EPT" VM-execution control is 0
   */
  public void enterGuest(int newVpid, long newEptp) {
    int oldSide = context.side();
    context.enter(newVpid, newEptp);
    if (context.side() != oldSide) {
      for (TlbFilter filter : filters) {
        filter.turnTo(context.side());
      }
    }
    contextChanged();
  }

  /**
   * A VM entry or VM exit is about to load registers. Until {@link #enterGuest} or {@link
   * #leaveGuest} nothing is translated, and what changes about the registers need not be told.
   */
  public void beginTransition() {
    context.beginTransition();
  }

  /** VM exit: VPID 0000H and no EPT from now on. Invalidates nothing. */
  public void leaveGuest() {
    enterGuest(0, 0);
  }

  /** What EPT supports and the controls it depends on; initially every feature. */
  public void setEptFeatures(EptFeatures features) {
    EptFeatures old = walker.eptFeatures();
    if (features.modeBasedExecute() != old.modeBasedExecute()
        || !features.controls().equals(old.controls())) {
      cached.invalidate(Invalidation.INVEPT_ALL_CONTEXTS); // cached rights hold one X bit
    }
    walker.setEptFeatures(features);
  }

  // ---- Translation ---------------------------------------------------------------------------

  /**
   * Translates a linear address for an access, sets the accessed and dirty flags and counts what
   * that costs. A fault or violation is left in {@link #result}; nothing is delivered.
   *
   * @param va canonical; bits the paging mode does not use are 0
   * @param size of the access in bytes; it does not cross a 4-KByte boundary
   * @param access as {@link Access} codes it
   */
  public Status translate(long va, int size, int access) {
    TlbFilter filter = filters[Access.kind(access)];
    if (filter.repeatsAndCounts(va, access)) {
      physicalAddress = filter.lastFrame() | (va & OFFSET_4K);
      return Status.OK;
    }
    result.accessBytes = size;
    return lookUp(va, access);
  }

  /** The pages that loads of the program may have the bytes of. */
  public OpenPages loads() {
    return loads.pages();
  }

  /** The same for stores: they may be the same pages. */
  public OpenPages stores() {
    return stores.pages();
  }

  /** How to ask {@link OpenPages} for an access. */
  public static long question(int access) {
    return TlbFilter.question(access);
  }

  /**
   * Lets {@link #loads} or {@link #stores} give the bytes of a page, from now until anything
   * changes about its translation.
   *
   * @param va an address that has just been translated
   * @param page the bytes, which its accesses may reach without asking anybody
   */
  public void open(long va, int access, byte[] page) {
    boolean write = Access.kind(access) == Access.WRITE;
    (write ? stores : loads).open(va, page, write);
  }

  /**
   * Whether a fetch is from the page of the last fetch, whose translation still stands: then it is
   * translated and counted. Else nothing has changed, and {@link #translate} decides.
   */
  public boolean fetchesAgain(long va, int access) {
    return fetches.repeatsAndCounts(va, access);
  }

  /** Where {@link #translate} would lead a fetch, if the filter knows; else -1. Changes nothing. */
  public long fetchable(long va, int access) {
    int row = fetches.row(va);
    return fetches.permits(row, va, access) ? fetches.frame(row) | (va & OFFSET_4K) : -1;
  }

  /** The physical address of the last translation that was OK. */
  public long physicalAddress() {
    return physicalAddress;
  }

  /** What is cached, and the operations that invalidate it. */
  public CachedMappings cached() {
    return cached;
  }

  /** What makes the walks. */
  public PageWalker walker() {
    return walker;
  }

  /** The last walk; tells what happened after a translation that was not OK. */
  public WalkResult result() {
    return result;
  }

  /**
   * The look-up beyond the last translation.
   *
   * <p>JUSTIFICATION for its length: above 325 bytes of bytecode HotSpot does not inline it, so
   * that {@link #translate} remains small and is itself inlined everywhere (MmuBenchmark,
   * sequential).
   */
  private Status lookUp(long va, int access) {
    TlbLevel level = first[Access.kind(access)];
    TlbFilter filter = filters[Access.kind(access)];
    int row = filter.row(va);
    if (filter.permits(row, va, access)) {
      filter.take(row, va, access);
      physicalAddress = filter.lastFrame() | (va & OFFSET_4K);
      return Status.OK;
    }
    if (context.isUntranslated()) {
      physicalAddress = va & LINEAR_32;
      return Status.OK;
    }
    if (walker.mayBePlain()) {
      walker.beginPlain(va);
    }
    long entry = level.use(va, context.tag(), context.globalTag());
    if (entry != 0 && context.permits(entry, access)) {
      level.countHit();
      return found(level, va, access, entry, level.usedSize());
    }
    long entry2 = entry == 0 ? second.use(va, context.tag(), context.globalTag()) : 0;
    if (entry2 != 0 && context.permits(entry2, access)) {
      PageSize size = second.usedSize();
      level.countMiss(size);
      second.countHit();
      secondLevelCycles += costs.l2TlbHit();
      addCycles();
      level.fillAbsent(va, size, context.tagOf(entry2), entry2);
      return found(level, va, access, entry2, size);
    }
    if (entry != 0 || entry2 != 0) {
      cached.forget(va); // an entry that does not permit the access decides nothing
    }
    if (walker.mayBePlain()) {
      long plain = walker.plainEntry(va);
      int allowed = context.permitted(plain);
      if (plain != 0 && (allowed >>> access & 1) != 0) {
        return fillPlain(level, va, access, plain, allowed);
      }
    }
    Status status = walker.walk(va, access, result);
    addCycles();
    if (status != Status.OK) {
      cached.walkFailed(result);
      level.countMiss(PageSize.SIZE_4K);
      second.countMiss(PageSize.SIZE_4K);
      return status;
    }
    return fill(level, va, access);
  }

  /** A translation that {@code level} has just used or been filled with. */
  private Status found(TlbLevel level, long va, int access, long entry, PageSize size) {
    physicalAddress = TlbEntry.frame(entry) + (va & (size.bytes() - 1));
    if (size == PageSize.SIZE_4K) {
      level.front().remember(va, access, entry, context.permitted(entry));
    } else {
      level.rememberPart(
          va, access, size, physicalAddress & -OFFSET_4K - 1, context.permitted(entry));
    }
    return Status.OK;
  }

  /** Counts a plain walk, and caches what it has found at both levels. */
  private Status fillPlain(TlbLevel level, long va, int access, long entry, int allowed) {
    walker.countPlain();
    addCycles();
    long tag = context.tagOf(entry);
    level.countMiss4K();
    second.countMiss4K();
    second.fillAbsent4K(va, tag, entry);
    level.fillAbsent4K(va, tag, entry);
    physicalAddress = TlbEntry.frame(entry) | (va & OFFSET_4K);
    level.front().remember(va, access, entry, allowed);
    return Status.OK;
  }

  /** Caches what a walk has found at both levels. */
  private Status fill(TlbLevel level, long va, int access) {
    if (result.bySubPage) {
      physicalAddress = result.physicalAddress();
      return Status.OK;
    }
    PageSize size = PageSize.within(result.pageShift());
    long offset = va & (size.bytes() - 1);
    long entry = TlbEntry.of(result.physicalAddress() - offset, result, walker.eptFeatures());
    long tag = context.tagOf(entry);
    level.countMiss(size);
    second.countMiss(size);
    second.fillAbsent(va, size, tag, entry);
    level.fillAbsent(va, size, tag, entry);
    return found(level, va, access, entry, size);
  }

  /**
   * Translates a guest-physical address that no linear address led to, such as that of the PDPTEs
   * that MOV to CR3 loads. While EPT is not in use it is the physical address.
   */
  public Status translateGuestPhysical(long gpa, int access) {
    if (context.eptp() == 0) {
      physicalAddress = gpa;
      return Status.OK;
    }
    Status status = walker.walkEpt(gpa, access, result);
    addCycles();
    if (status == Status.OK) {
      physicalAddress = result.physicalAddress();
    } else {
      cached.walkFailed(result);
    }
    return status;
  }

  // ---- Registers --------------------------------------------------------------------------

  /** MOV to CR0 (also CLTS and LMSW): loads the register and invalidates what that requires. */
  public void movToCr0(long value) {
    long changed = paging.cr0() ^ value;
    paging.setCr0(value);
    if ((changed & PagingState.CR0_PG) != 0) {
      // Required from 1 to 0 only; but combined mappings made while paging was off are no
      // translations of the mode being entered.
      cached.invalidate(Invalidation.MOV_TO_CR_ALL_PCIDS);
    }
    contextChanged();
  }

  /**
   * MOV to CR3: loads the register and invalidates what that requires. The PDPTE registers of PAE
   * paging are the caller's business, since loading them may fault.
   *
   * @param noFlush bit 63 of the source operand, which counts only while CR4.PCIDE = 1
   */
  public void movToCr3(long cr3, boolean noFlush) {
    paging.setCr3(cr3 & ~NO_FLUSH);
    contextChanged(); // the PCID being established is the operand, and is current from here on
    if (!noFlush || (paging.cr4() & PagingState.CR4_PCIDE) == 0) {
      cached.invalidate(Invalidation.MOV_TO_CR3);
    }
  }

  /** MOV to CR4: loads the register and invalidates what that requires. */
  public void movToCr4(long value) {
    long old = paging.cr4();
    long set = value & ~old;
    long cleared = old & ~value;
    if (((set | cleared) & PagingState.CR4_PGE) != 0 || (cleared & PagingState.CR4_PCIDE) != 0) {
      cached.invalidate(Invalidation.MOV_TO_CR_ALL_PCIDS);
    }
    if (((set | cleared) & PagingState.CR4_PAE) != 0 || (set & PagingState.CR4_SMEP) != 0) {
      cached.invalidate(Invalidation.MOV_TO_CR4_CURRENT_PCID);
    }
    paging.setCr4(value);
    contextChanged();
  }

  /** Power-up or reset: every cached mapping goes. Registers and counters stay. */
  public void reset() {
    dropEverything();
    contextChanged();
  }

  private void dropEverything() {
    cached.dropAll();
    context.forgetNumbers();
  }

  // ---- Costs and counts ----------------------------------------------------------------------

  /** Cycles spent on translation so far. */
  public long translationCycles() {
    return translationCycles;
  }

  private void addCycles() {
    translationCycles = secondLevelCycles + walker.cycles();
  }

  /** What happened so far. */
  public MmuStatistics statistics() {
    List<MmuStatistics.Structure> structures = new ArrayList<>();
    cached.count(structures);
    return walker.statistics(structures);
  }
}
