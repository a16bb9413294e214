package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.WalkResult.Status;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A small machine for tests: guest paging structures in the first 16 MBytes of (guest-)physical
 * memory, and EPTs that map guest-physical addresses {@link #HOST} higher, in 2-MByte pages there.
 */
final class Scenario {
  /** What EPT adds to a guest-physical address. */
  static final long HOST = 1L << 30;

  static final long RW = GuestTableBuilder.WRITE | GuestTableBuilder.USER;

  private static final long EPT_TABLES = 1L << 29;
  private static final int TABLE_SHARE = 2 << 20;

  final PhysicalMemory memory = new PhysicalMemory(40);
  final Mmu mmu;
  private int shares;

  Scenario(MmuGeometry geometry) {
    this(geometry, MmuCosts.FREE, true);
  }

  Scenario(MmuGeometry geometry, MmuCosts costs, boolean filtered) {
    mmu = new Mmu(memory, geometry, costs, filtered);
    mmu.paging()
        .setControlRegisters(
            PagingState.CR0_PG | PagingState.CR0_WP,
            0,
            PagingState.CR4_PAE | PagingState.CR4_PGE | PagingState.CR4_PCIDE,
            PagingState.EFER_LME | PagingState.EFER_NXE);
    mmu.contextChanged();
  }

  /** Split first level, shared second level, walk caches and a nested TLB, all small. */
  static MmuGeometry everything() {
    return geometry(8, 32, 4);
  }

  /** TLBs only. */
  static MmuGeometry tlbsOnly() {
    return new MmuGeometry(
        geometry(8, 32, 4).tlbs().subList(0, 5),
        PagingStructureCacheGeometry.ABSENT,
        PagingStructureCacheGeometry.ABSENT);
  }

  static MmuGeometry geometry(int firstLevel, int secondLevel, int walkCaches) {
    Set<TlbUse> data = EnumSet.of(TlbUse.LOAD, TlbUse.STORE);
    Set<TlbUse> fetch = EnumSet.of(TlbUse.FETCH);
    PagingStructureCacheGeometry caches =
        new PagingStructureCacheGeometry(walkCaches, walkCaches, walkCaches, walkCaches);
    return new MmuGeometry(
        List.of(
            tlb("L1-DTLB-4K", data, firstLevel, 2, PageSize.SIZE_4K),
            tlb("L1-DTLB-2M", data, firstLevel, 2, PageSize.SIZE_2M),
            tlb("L1-DTLB-1G", data, 2, 2, PageSize.SIZE_1G),
            tlb("L1-ITLB", fetch, firstLevel, 4, PageSize.SIZE_4K, PageSize.SIZE_2M),
            tlb(
                "STLB",
                EnumSet.of(TlbUse.SECOND_LEVEL),
                secondLevel,
                secondLevel % 8 == 0 ? 8 : 4,
                PageSize.SIZE_4K,
                PageSize.SIZE_2M),
            tlb(
                "nested-TLB",
                EnumSet.of(TlbUse.GUEST_PHYSICAL),
                secondLevel,
                4,
                PageSize.values())),
        caches,
        caches);
  }

  private static TlbGeometry tlb(
      String name, Set<TlbUse> uses, int entries, int ways, PageSize... sizes) {
    return new TlbGeometry(name, uses, entries, ways, Set.of(sizes), IndexHash.MODULO);
  }

  /** Empty 4-level structures in physical memory. */
  GuestTableBuilder nativeSpace() {
    return new GuestTableBuilder(PagingMode.FOUR_LEVEL, new TableArea(memory, 0, share()));
  }

  /** Empty 4-level structures in guest-physical memory. */
  GuestTableBuilder guestSpace() {
    return new GuestTableBuilder(PagingMode.FOUR_LEVEL, new TableArea(memory, HOST, share()));
  }

  /** As {@link #ept}, with 4-KByte pages for the first structures of each guest space. */
  EptBuilder eptOfSmallPages() {
    EptBuilder ept = new EptBuilder(4, new TableArea(memory, 0, EPT_TABLES + share()));
    for (long gpa = 0; gpa < 16 << 20; gpa += 2 << 20) {
      for (long structure = gpa; structure < gpa + (8 << 12); structure += 1 << 12) {
        ept.map(structure, HOST + structure, 12, EptRights.ALL);
      }
    }
    return ept;
  }

  /** An EPT that maps the guest's paging structures, and nothing else yet. */
  EptBuilder ept() {
    EptBuilder ept = new EptBuilder(4, new TableArea(memory, 0, EPT_TABLES + share()));
    for (long gpa = 0; gpa < 16 << 20; gpa += 2 << 20) {
      ept.map(gpa, HOST + gpa, 21, EptRights.ALL);
    }
    return ept;
  }

  private long share() {
    shares++;
    return (long) shares * TABLE_SHARE;
  }

  /** MOV to CR3 that keeps everything cached. */
  void use(GuestTableBuilder space, int pcid) {
    mmu.movToCr3(space.root() | pcid, true);
  }

  /** Reads as a program would; the translation must succeed. */
  long read(long va) {
    return access(va, Access.READ | Access.USER);
  }

  long access(long va, int access) {
    assertEquals(Status.OK, mmu.translate(va, 1, access), () -> Long.toHexString(va));
    return mmu.physicalAddress();
  }
}
