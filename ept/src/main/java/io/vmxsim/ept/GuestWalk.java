package io.vmxsim.ept;

import io.vmxsim.ept.WalkObserver.Dimension;
import io.vmxsim.ept.WalkResult.Status;
import org.jspecify.annotations.Nullable;

/**
 * Translates linear addresses through the paging structures that CR3 references: SDM "32-Bit
 * Paging" (4.3), "PAE Paging" (4.4), "IA-32e Paging" (4.5), "Access Rights" (4.6) and "Accessed and
 * Dirty Flags" (4.8), in the steps of "Prioritization of EPT Misconfigurations and EPT Violations"
 * (28.2.3.3). Changes nothing but the {@link WalkResult}.
 *
 * <p>Used alone, the addresses in CR3 and the entries are physical addresses; {@link NestedWalk}
 * puts EPT beneath them.
 */
public final class GuestWalk {
  /** Accessed flag. */
  public static final int ACCESSED = 1 << 5;

  /** Dirty flag. */
  public static final int DIRTY = 1 << 6;

  private static final long PRESENT = 1;
  static final long GLOBAL = BitRange.bit(8);

  /** Of an entry that HLAT paging uses: translation begins anew with ordinary paging (5.5). */
  private static final long RESTART = BitRange.bit(11);

  private static final long ADDRESS = BitRange.bits(51, 12);
  private static final long ADDRESS_32 = BitRange.bits(31, 12);

  /** What an update of a paging structure needs of EPT. */
  private static final int UPDATE = EptRights.READ | EptRights.WRITE | EptRights.PAGING_WRITE;

  private final PhysicalMemory memory;
  private final EptWalk ept;

  private @Nullable WalkObserver observer;
  private final @Nullable WalkCaches caches;

  /**
   * A walk through one memory.
   *
   * @param observer told of every entry read, or null
   * @param caches consulted before memory, or null: every entry is read
   */
  public GuestWalk(
      PhysicalMemory memory, @Nullable WalkObserver observer, @Nullable WalkCaches caches) {
    this(memory, new EptWalk(memory, observer, caches), observer, caches);
  }

  GuestWalk(
      PhysicalMemory memory,
      EptWalk ept,
      @Nullable WalkObserver observer,
      @Nullable WalkCaches caches) {
    this.memory = memory;
    this.ept = ept;
    this.observer = observer;
    this.caches = caches;
  }

  /** Names who is told of every entry read from now on; null for nobody. */
  void observe(@Nullable WalkObserver newObserver) {
    observer = newObserver;
  }

  /**
   * Translates a linear address while EPT is not in use.
   *
   * @param linearAddress canonical (the processor has checked); bits that the paging mode does not
   *     use are ignored
   * @param access as {@link Access} codes it
   */
  public Status walk(PagingState state, long linearAddress, int access, WalkResult result) {
    Status status = translate(state, 0, null, linearAddress, access, result);
    if (status == Status.OK) {
      result.physicalAddress = result.guestPhysicalAddress;
      result.memoryType =
          (state.cr0() & PagingState.CR0_CD) != 0
              ? MemoryType.UC
              : MemoryType.combine(MemoryType.WB, result.patMemoryType);
    }
    return status;
  }

  /**
   * The translation from linear to guest-physical address.
   *
   * @param features of the EPT that translates guest-physical addresses; null while EPT is not in
   *     use, and they are physical addresses
   */
  Status translate(
      PagingState state,
      long eptp,
      @Nullable EptFeatures features,
      long linearAddress,
      int access,
      WalkResult r) {
    r.begin(linearAddress);
    PagingMode mode = state.mode();
    WalkCaches.Table table = r.guestTable;
    if (mode == PagingMode.NONE) { // each linear address is treated as a guest-physical address
      r.guestPhysicalAddress = linearAddress & BitRange.bits(31, 0);
      return Status.OK;
    }
    boolean located = caches != null && caches.findGuestTable(linearAddress, table);
    if (!located && !startAtRoot(state, mode, linearAddress, table)) {
      return pageFault(AccessRights.errorCode(state, access), r);
    }
    if (features != null
        && features.walksFully()
        && mode.topLevel() >= 4
        && features.controls().hlatTranslates(linearAddress)) {
      r.hlat = true;
      table.guestPhysicalAddress = features.controls().hlatPointer() & ADDRESS;
    }

    while (true) {
      // 1. An attempt is made to access a guest paging-structure entry.
      //    a. If the access fails because of EPT, an EPT-induced VM exit occurs.
      int level = table.level;
      long offset = mode.entryOffset(linearAddress, level);
      if (!located) {
        if (locate(eptp, features, table, offset, r) != Status.OK) {
          return r.status;
        }
        if (caches != null && level < mode.topLevel()) {
          caches.guestTableUsed(linearAddress, table);
        }
      }
      located = false;
      long entry = readEntry(mode, level, table.address + offset, r);

      //    b. i) If the present flag is 0 or any reserved bit is set, a page fault occurs.
      int hlat = r.hlat ? AccessRights.PF_HLAT : 0;
      if ((entry & PRESENT) == 0) {
        return pageFault(AccessRights.errorCode(state, access) | hlat, r);
      }
      boolean mapsPage = state.mapsPage(level, entry);
      if ((entry & state.reservedBits(level, mapsPage)) != 0) {
        int cause = AccessRights.PF_PRESENT | AccessRights.PF_RESERVED | hlat;
        return pageFault(AccessRights.errorCode(state, access) | cause, r);
      }
      if (r.hlat && (entry & RESTART) != 0) { // HLAT paging gives way to ordinary paging
        r.hlat = false;
        startAtRoot(state, mode, linearAddress, table);
        continue;
      }

      //       ii) Does the entry reference another guest paging structure?
      table.rights &= AccessRights.ofEntry(entry);
      if (mapsPage) { // No: it produces the ultimate guest-physical address.
        return finish(state, features, entry, offset, access, r);
      }
      //           Yes: an entry from that structure is accessed.
      if (!setFlags(features, entry, ACCESSED, offset, r)) {
        return r.status;
      }
      table.level = level - 1;
      table.guestPhysicalAddress = entry & ADDRESS;
    }
  }

  /** Starts at the structure in CR3 or in a PDPTE register; false if that PDPTE is not present. */
  private static boolean startAtRoot(
      PagingState state, PagingMode mode, long linearAddress, WalkCaches.Table table) {
    table.level = mode.topLevel();
    table.rights = AccessRights.ALL;
    if (mode == PagingMode.PAE) {
      // Bits 31:30 select a PDPTE register. "The PDPTEs do not determine access rights" (4.6).
      long pdpte = state.pdpte((int) (linearAddress >>> 30) & 3);
      table.guestPhysicalAddress = pdpte & ADDRESS;
      return (pdpte & PRESENT) != 0;
    }
    table.guestPhysicalAddress = state.cr3() & (mode == PagingMode.BITS32 ? ADDRESS_32 : ADDRESS);
    return true;
  }

  /**
   * Finds the physical address of the structure through that of the entry at {@code offset}: a data
   * read, treated as a write too while accessed and dirty flags for EPT are enabled (28.2.3.2).
   */
  private Status locate(
      long eptp,
      @Nullable EptFeatures features,
      WalkCaches.Table table,
      long offset,
      WalkResult r) {
    if (features == null) {
      table.address = table.guestPhysicalAddress;
      table.eptRights = EptRights.ALL;
      return Status.OK;
    }
    int needed = EptPointer.accessedDirtyEnabled(eptp) ? UPDATE : EptRights.READ;
    long gpa = table.guestPhysicalAddress + offset;
    Status status = ept.translate(eptp, features, gpa, needed, WalkResult.LINEAR_ADDRESS_VALID, r);
    table.address = r.physicalAddress - offset;
    table.eptRights = r.eptRights;
    r.pagingWritable &= (r.eptEntry & EptFeatures.PAGING_WRITE_ACCESS) != 0;
    return status;
  }

  private long readEntry(PagingMode mode, int level, long address, WalkResult r) {
    long entry =
        mode == PagingMode.BITS32 ? memory.read32(address) & 0xffff_ffffL : memory.read64(address);
    r.guestEntryReads++;
    if (observer != null) {
      observer.entryRead(Dimension.GUEST, level, address, entry);
    }
    return entry;
  }

  /** Step 2, for the entry that maps the page. */
  private Status finish(
      PagingState state,
      @Nullable EptFeatures features,
      long entry,
      long offset,
      int access,
      WalkResult r) {
    int level = r.guestTable.level;
    int shift = state.mode().shift(level);
    long offsetInPage = (1L << shift) - 1;
    long frame = entry & ADDRESS & ~offsetInPage;
    if (state.mode() == PagingMode.BITS32 && level == 2) {
      frame |= ((entry >>> 13) & 0xff) << 32; // PSE-36: bits 39:32 are bits 20:13 of the PDE
    }
    r.rights = r.guestTable.rights | AccessRights.keyOfEntry(entry);

    // 2a. If the access is not allowed by these privileges, a page fault occurs.
    int violation = AccessRights.violation(state, r.rights, access);
    if (violation != 0) {
      return pageFault(violation, r);
    }
    boolean write = Access.isWrite(access);
    if (!setFlags(features, entry, write ? ACCESSED | DIRTY : ACCESSED, offset, r)) {
      return r.status;
    }
    r.guestPhysicalAddress = frame | (r.linearAddress & offsetInPage);
    r.guestPageShift = shift;
    r.guestDirty = write || (entry & DIRTY) != 0;
    r.global = (entry & GLOBAL) != 0 && (state.cr4() & PagingState.CR4_PGE) != 0;
    r.patMemoryType = MemoryType.selectedByPat(state.pat(), entry, level == 1 ? 7 : 12);
    return Status.OK;
  }

  /**
   * Lists the flags that are not set in an entry of the current structure. Setting them is a data
   * write with regard to EPT (28.2.3.2); false, with the violation in the result, if that forbids.
   * As it reads and modifies the entry, the violation is reported as a data read too, as processors
   * do; that is left to them ("Basic VM-Exit Information", 27.2.1).
   */
  private static boolean setFlags(
      @Nullable EptFeatures features, long entry, int flags, long offset, WalkResult r) {
    if ((entry & flags) == flags) {
      return true;
    }
    WalkCaches.Table table = r.guestTable;
    long gpa = table.guestPhysicalAddress + offset;
    if (features != null && (table.eptRights & (EptRights.WRITE | EptRights.PAGING_WRITE)) == 0) {
      int origin = WalkResult.LINEAR_ADDRESS_VALID;
      EptWalk.violation(features, gpa, table.eptRights, UPDATE, origin, r);
      return false;
    }
    r.addUpdate(table.address + offset, flags, gpa);
    return true;
  }

  private static Status pageFault(int errorCode, WalkResult r) {
    r.pageFaultErrorCode = errorCode;
    return r.end(Status.PAGE_FAULT);
  }
}
