package io.vmxsim.bench;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptBuilder;
import io.vmxsim.ept.EptRights;
import io.vmxsim.ept.GuestTableBuilder;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.IndexHash;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.MmuCosts;
import io.vmxsim.ept.MmuGeometry;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PagingStructureCacheGeometry;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.TableArea;
import io.vmxsim.ept.TlbGeometry;
import io.vmxsim.ept.TlbUse;
import io.vmxsim.ept.WalkResult.Status;
import java.util.List;
import java.util.Set;

/**
 * Translates a stream of addresses in 1 GiB of 4-KByte pages, as {@code translate.c} does: a
 * 64-entry 4-way first level, a 1536-entry 12-way second level, no walk caches, 4-level paging with
 * or without 4-level EPT beneath.
 */
final class TranslationLoop {
  /** A stream that walks through the GiB 8 bytes at a time; others name a number of pages. */
  static final int SEQUENTIAL = 0;

  private static final long GIB = 1L << 30;
  private static final long GUEST_OFFSET = 1L << 32;
  private static final long HOST_OFFSET = 1L << 33;
  private static final long SEED = 0x9E3779B97F4A7C15L;

  private final Mmu mmu;
  private final long pages;
  private long random = SEED;
  private long sequential;

  /**
   * Builds the tables.
   *
   * @param nested whether EPT is in use
   * @param pages how many pages the random addresses are on, or {@link #SEQUENTIAL}
   */
  TranslationLoop(boolean nested, int pages) {
    this.pages = pages;
    PhysicalMemory memory = new PhysicalMemory(40);
    long guestOffset = nested ? HOST_OFFSET : 0;
    TableArea guestTables = new TableArea(memory, guestOffset, HOST_OFFSET - guestOffset);
    GuestTableBuilder guest = new GuestTableBuilder(PagingMode.FOUR_LEVEL, guestTables);
    for (long page = 0; page < GIB; page += PageSize.SIZE_4K.bytes()) {
      long flags = GuestTableBuilder.WRITE | GuestTableBuilder.USER | GuestWalk.ACCESSED;
      guest.map(page, GUEST_OFFSET + page, 12, flags);
    }
    mmu = new Mmu(memory, geometry(), MmuCosts.FREE);
    long cr4 = PagingState.CR4_PAE;
    long efer = PagingState.EFER_LME;
    mmu.paging().setControlRegisters(PagingState.CR0_PG, guest.root(), cr4, efer);
    mmu.enterGuest(nested ? 1 : 0, nested ? ept(memory, guestTables.next()) : 0);
  }

  private static long ept(PhysicalMemory memory, long guestTableBytes) {
    EptBuilder ept = new EptBuilder(4, new TableArea(memory, 0, HOST_OFFSET + guestTableBytes));
    for (long page = 0; page < guestTableBytes; page += PageSize.SIZE_4K.bytes()) {
      ept.map(page, HOST_OFFSET + page, 12, EptRights.ALL);
    }
    for (long page = GUEST_OFFSET; page < GUEST_OFFSET + GIB; page += PageSize.SIZE_4K.bytes()) {
      ept.map(page, HOST_OFFSET + page, 12, EptRights.ALL);
    }
    return ept.eptp(false);
  }

  private static MmuGeometry geometry() {
    Set<PageSize> only4K = Set.of(PageSize.SIZE_4K);
    Set<TlbUse> data = Set.of(TlbUse.LOAD, TlbUse.STORE);
    return new MmuGeometry(
        List.of(
            new TlbGeometry("L1-DTLB", data, 64, 4, only4K, IndexHash.MODULO),
            new TlbGeometry(
                "STLB", Set.of(TlbUse.SECOND_LEVEL), 1536, 12, only4K, IndexHash.MODULO)),
        PagingStructureCacheGeometry.ABSENT,
        PagingStructureCacheGeometry.ABSENT);
  }

  /** Translates the next {@code count} addresses; returns the sum of their physical addresses. */
  long run(long count) {
    return pages == SEQUENTIAL ? runSequential(count) : runRandom(count);
  }

  private long runSequential(long count) {
    long sum = 0;
    long linear = sequential;
    for (long i = 0; i < count; i++) {
      sum += translate(linear);
      linear = (linear + 8) & (GIB - 1);
    }
    sequential = linear;
    return sum;
  }

  private long runRandom(long count) {
    long sum = 0;
    long r = random;
    for (long i = 0; i < count; i++) {
      r ^= r << 13;
      r ^= r >>> 7;
      r ^= r << 17;
      sum += translate((((r >>> 32) * pages) >>> 32) << 12 | (r & 0xFF8));
    }
    random = r;
    return sum;
  }

  private long translate(long linear) {
    if (mmu.translate(linear, 8, Access.READ | Access.USER) != Status.OK) {
      throw new IllegalStateException("the benchmark's tables do not map " + linear);
    }
    return mmu.physicalAddress();
  }

  long firstLevelMisses() {
    return mmu.statistics().structure("L1-DTLB").misses();
  }

  long walks() {
    return mmu.statistics().walks();
  }
}
