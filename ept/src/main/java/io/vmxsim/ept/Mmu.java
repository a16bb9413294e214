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
  private static final long PCID = 0xFFF;
  private static final long LINEAR_32 = 0xFFFF_FFFFL;
  private static final long OFFSET_4K = 0xFFF;

  private final MmuCosts costs;
  private final PagingState paging;
  private EptFeatures eptFeatures;

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

  private int vpid;
  private long eptp;

  /** Whether the registers are being changed one after another. */
  private boolean switching;

  /** Outside guests, and in them. */
  private final TransitionSide[] sides = {new TransitionSide(), new TransitionSide()};

  /** Which of them this is. */
  private int side;

  private final TranslationContexts contexts;
  private Association current = new Association(0, 0, Association.NO_EPT);
  private long contextTag;
  private long globalTag;
  private short[] permitted = CachedRights.permitted(new PagingState(52));
  private final short[] deniedByKeys = new short[32];
  private boolean keysInUse;
  private boolean untranslated = true;

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
    this.eptFeatures = EptFeatures.all(maxPhyAddr);
    this.cached = new CachedMappings(geometry, costs, filtered);
    this.contexts = cached.contexts();
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
    this.walker = new PageWalker(memory, paging, caches, eptFeatures, costs);
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
    if (switching) {
      return;
    }
    int pcid = (paging.cr4() & PagingState.CR4_PCIDE) != 0 ? (int) (paging.cr3() & PCID) : 0;
    long eptRoot = eptp == 0 ? Association.NO_EPT : EptPointer.root(eptp);
    if (contexts.count() + 3 > TranslationContexts.CAPACITY) {
      dropEverything(); // a processor may invalidate anything at any time
    }
    TransitionSide here = sides[side];
    if (!here.isAt(vpid, pcid, eptRoot)) {
      here.moveTo(contexts, vpid, pcid, eptRoot);
    }
    current = here.association();
    contextTag = Tlb.contextTag(here.context());
    globalTag = Tlb.contextTag(here.globalContext());
    caches.setContext(paging.mode(), here.context(), here.guestPhysical());
    rightsChanged();
    untranslated = eptp == 0 && paging.mode() == PagingMode.NONE;
    walker.contextChanged(eptp, eptFeatures);
  }

  /**
   * Takes notice of changes to RFLAGS.AC, PKRU and IA32_PKRS alone, the registers that programs
   * change often; {@link #contextChanged} includes it.
   */
  public void rightsChanged() {
    if (switching) {
      return;
    }
    permitted = CachedRights.permitted(paging);
    boolean keys = (paging.cr4() & (PagingState.CR4_PKE | PagingState.CR4_PKS)) != 0;
    if (keys || keysInUse) {
      CachedRights.deniedByKeys(paging, deniedByKeys);
      keysInUse = keys;
    }
    if (!sides[side].filters(permitted, keys)) {
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
   * #flushForVmTransition}.
   *
   * @param newVpid the guest's VPID; 0 if the "enable VPID" VM-execution control is 0
   * @param newEptp the EPTP; 0 if the "enable EPT" VM-execution control is 0
   */
  public void enterGuest(int newVpid, long newEptp) {
    switching = false;
    vpid = newVpid;
    eptp = newEptp;
    int newSide = newVpid == 0 && newEptp == 0 ? 0 : 1;
    if (side != newSide) {
      side = newSide;
      for (TlbFilter filter : filters) {
        filter.turnTo(side);
      }
    }
    contextChanged();
  }

  /**
   * A VM entry or VM exit is about to load registers. Until {@link #enterGuest} or {@link
   * #leaveGuest} nothing is translated, and what changes about the registers need not be told.
   */
  public void beginTransition() {
    switching = true;
  }

  /** VM exit: VPID 0000H and no EPT from now on. Invalidates nothing. */
  public void leaveGuest() {
    enterGuest(0, 0);
  }

  /** What EPT supports and the controls it depends on; initially every feature. */
  public void setEptFeatures(EptFeatures features) {
    if (features.modeBasedExecute() != eptFeatures.modeBasedExecute()
        || !features.controls().equals(eptFeatures.controls())) {
      invalidate(Invalidation.INVEPT_ALL_CONTEXTS, current, 0); // cached rights hold one X bit
    }
    eptFeatures = features;
    walker.contextChanged(eptp, eptFeatures);
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

  /** Forgets every page that was opened for writing. */
  public void closeForWrites() {
    stores.pages().closeForWrites();
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

  /** What makes the walks. */
  public PageWalker walker() {
    return walker;
  }

  /** The last walk; tells what happened after a translation that was not OK. */
  public WalkResult result() {
    return result;
  }

  private boolean permits(long entry, int access) {
    return (permitted(entry) >>> access & 1) != 0;
  }

  /** The set of accesses that an entry permits under the registers in force (bit n: access n). */
  private int permitted(long entry) {
    int set = permitted[TlbEntry.rights(entry)];
    return keysInUse ? set & ~deniedByKeys[TlbEntry.key(entry)] : set;
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
    if (untranslated) {
      physicalAddress = va & LINEAR_32;
      return Status.OK;
    }
    if (walker.mayBePlain()) {
      walker.beginPlain(va);
    }
    long entry = level.use(va, contextTag, globalTag);
    if (entry != 0 && permits(entry, access)) {
      level.countHit();
      return found(level, va, access, entry, level.usedSize());
    }
    long entry2 = entry == 0 ? second.use(va, contextTag, globalTag) : 0;
    if (entry2 != 0 && permits(entry2, access)) {
      PageSize size = second.usedSize();
      level.countMiss(size);
      second.countHit();
      secondLevelCycles += costs.l2TlbHit();
      addCycles();
      level.fillAbsent(va, size, TlbEntry.isGlobal(entry2) ? globalTag : contextTag, entry2);
      return found(level, va, access, entry2, size);
    }
    if (entry != 0 || entry2 != 0) {
      cached.forget(current, va); // an entry that does not permit the access decides nothing
    }
    if (walker.mayBePlain()) {
      long plain = walker.plainEntry(va);
      int allowed = permitted(plain);
      if (plain != 0 && (allowed >>> access & 1) != 0) {
        return fillPlain(level, va, access, plain, allowed);
      }
    }
    Status status = walker.walk(va, access, result);
    addCycles();
    if (status != Status.OK) {
      invalidateAfter(status);
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
      level.front().remember(va, access, entry, permitted(entry));
    } else {
      level.rememberPart(va, access, size, physicalAddress & -OFFSET_4K - 1, permitted(entry));
    }
    return Status.OK;
  }

  /** Counts a plain walk, and caches what it has found at both levels. */
  private Status fillPlain(TlbLevel level, long va, int access, long entry, int allowed) {
    walker.countPlain();
    addCycles();
    long tag = TlbEntry.isGlobal(entry) ? globalTag : contextTag;
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
    long entry = TlbEntry.of(result.physicalAddress() - offset, result, eptFeatures);
    long tag = result.global() ? globalTag : contextTag;
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
    if (eptp == 0) {
      physicalAddress = gpa;
      return Status.OK;
    }
    Status status = walker.walkEpt(gpa, access, result);
    addCycles();
    if (status == Status.OK) {
      physicalAddress = result.physicalAddress();
    } else {
      invalidateAfter(status);
    }
    return status;
  }

  // ---- Invalidation --------------------------------------------------------------------------

  /** MOV to CR0 (also CLTS and LMSW): loads the register and invalidates what that requires. */
  public void movToCr0(long value) {
    long changed = paging.cr0() ^ value;
    paging.setCr0(value);
    if ((changed & PagingState.CR0_PG) != 0) {
      // Required from 1 to 0 only; but combined mappings made while paging was off are no
      // translations of the mode being entered.
      invalidate(Invalidation.MOV_TO_CR_ALL_PCIDS, current, 0);
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
      invalidate(Invalidation.MOV_TO_CR3, current, 0);
    }
  }

  /** MOV to CR4: loads the register and invalidates what that requires. */
  public void movToCr4(long value) {
    long old = paging.cr4();
    long set = value & ~old;
    long cleared = old & ~value;
    if (((set | cleared) & PagingState.CR4_PGE) != 0 || (cleared & PagingState.CR4_PCIDE) != 0) {
      invalidate(Invalidation.MOV_TO_CR_ALL_PCIDS, current, 0);
    }
    if (((set | cleared) & PagingState.CR4_PAE) != 0 || (set & PagingState.CR4_SMEP) != 0) {
      invalidate(Invalidation.MOV_TO_CR4_CURRENT_PCID, current, 0);
    }
    paging.setCr4(value);
    contextChanged();
  }

  /** INVLPG. */
  public void invlpg(long va) {
    invalidate(Invalidation.INVLPG, current, va);
  }

  /**
   * INVPCID with operands that passed its checks.
   *
   * @param type 0 to 3; anything else gets {@link IllegalArgumentException}
   */
  public void invpcid(int type, int pcid, long va) {
    Association operand = new Association(current.vpid(), pcid, current.eptRoot());
    invalidate(row(type, Invalidation.INVPCID_TYPES), operand, va);
  }

  /**
   * INVVPID with operands that passed its checks.
   *
   * @param type 0 to 3; anything else gets {@link IllegalArgumentException}
   */
  public void invvpid(int type, int vpidOperand, long va) {
    Association operand = new Association(vpidOperand, current.pcid(), current.eptRoot());
    invalidate(row(type, Invalidation.INVVPID_TYPES), operand, va);
  }

  /**
   * INVEPT with operands that passed its checks.
   *
   * @param type 1 or 2; anything else gets {@link IllegalArgumentException}
   */
  public void invept(int type, long eptpOperand) {
    Association operand =
        new Association(current.vpid(), current.pcid(), EptPointer.root(eptpOperand));
    invalidate(row(type - 1, Invalidation.INVEPT_TYPES), operand, 0);
  }

  /** A VM entry or VM exit while the "enable VPID" VM-execution control is 0. */
  public void flushForVmTransition() {
    invalidate(Invalidation.VMX_TRANSITION_WITHOUT_VPID, current, 0);
  }

  /** Power-up or reset: every cached mapping goes. Registers and counters stay. */
  public void reset() {
    dropEverything();
    contextChanged();
  }

  private void dropEverything() {
    cached.dropAll();
    for (TransitionSide each : sides) {
      each.forget();
    }
  }

  private static Invalidation row(int index, List<Invalidation> types) {
    if (index < 0 || index >= types.size()) {
      throw new IllegalArgumentException("no such type of " + types.get(0));
    }
    return types.get(index);
  }

  private void invalidateAfter(Status status) {
    switch (status) {
      case PAGE_FAULT -> invalidate(Invalidation.PAGE_FAULT, current, result.linearAddress());
      case EPT_VIOLATION -> {
        if ((result.exitQualification() & WalkResult.LINEAR_ADDRESS_VALID) != 0) {
          invalidate(Invalidation.EPT_VIOLATION_LINEAR, current, result.linearAddress());
        }
        long gpa = result.guestPhysicalAddress();
        invalidate(Invalidation.EPT_VIOLATION_GUEST_PHYSICAL, current, gpa);
      }
      // What the walk has cached counts on flags that are not set.
      case MODIFICATION_LOG_FULL -> invalidate(Invalidation.INVEPT_ALL_CONTEXTS, current, 0);
      default -> {} // an EPT misconfiguration or an SPP-related event invalidates nothing
    }
  }

  private void invalidate(Invalidation row, Association operand, long address) {
    cached.invalidate(row, current, operand, address);
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
