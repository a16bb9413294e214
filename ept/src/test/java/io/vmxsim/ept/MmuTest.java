package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.vmxsim.ept.WalkResult.Status;
import org.junit.jupiter.api.Test;

class MmuTest {
  private static final long VA = 0x4000_0000L;
  private static final long A = 0x200_0000L;
  private static final long B = 0x400_0000L;
  private static final long DIRTY = 1 << 6;

  private Scenario s = new Scenario(Scenario.everything(), new MmuCosts(7, 100, 3), true);

  private long walks() {
    return s.mmu.statistics().walks();
  }

  private long entryReads() {
    return s.mmu.statistics().entryReads();
  }

  private GuestTableBuilder guest(EptBuilder ept) {
    GuestTableBuilder space = s.guestSpace();
    s.use(space, 0);
    s.mmu.enterGuest(1, ept.eptp(false));
    return space;
  }

  @Test
  void aFirstLevelHitIsFreeAndASecondLevelHitCostsItsLatency() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    for (int page = 0; page < 3; page++) { // 3 pages of one set of the 4-set 2-way first level
      space.map(VA + ((long) page << 14), A, 12, Scenario.RW);
      s.read(VA + ((long) page << 14));
    }
    long before = s.mmu.translationCycles();
    s.read(VA + (1 << 14));
    assertEquals(before, s.mmu.translationCycles());
    s.read(VA);
    assertEquals(before + 7, s.mmu.translationCycles());
    assertEquals(1, s.mmu.statistics().structure("STLB").hits());
    assertEquals(3, walks());
  }

  @Test
  void withoutWalkCachesAWalkCostsItsEntryReads() {
    s = new Scenario(Scenario.tlbsOnly(), new MmuCosts(7, 100, 3), true);
    EptBuilder ept = s.ept();
    ept.map(A, B, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A, 12, Scenario.RW);
    assertEquals(B, s.read(VA));
    // Guest tables lie in 2-MByte EPT pages: g·(hₚ+1)+h_d = 4·(3+1)+4.
    assertEquals(20, entryReads());
    assertEquals(2000, s.mmu.translationCycles());
  }

  @Test
  void walkCachesLeaveTheLastEntryOfEachDimension() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 12, EptRights.ALL);
    ept.map(A + 4096, B, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A, 12, Scenario.RW);
    space.map(VA + 4096, A + 4096, 12, Scenario.RW);
    space.map(VA + 8192, A, 12, Scenario.RW);
    s.read(VA);
    long before = entryReads();
    s.read(VA + 4096);
    assertEquals(2, entryReads() - before, "PDE cache, then the EPT's PDE cache");
    s.read(VA + 8192);
    assertEquals(3, entryReads() - before, "PDE cache, then the nested TLB");
  }

  @Test
  void aGuestPageLargerThanItsEptPageIsSplintered() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 12, EptRights.ALL);
    ept.map(A + 0x5000, B + 0x9000, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A, 21, Scenario.RW);
    assertEquals(B + 0x10, s.read(VA + 0x10));
    assertEquals(B + 0x9010, s.read(VA + 0x5010));
    assertEquals(2, s.mmu.statistics().splinteredFills());
    assertEquals(2, s.mmu.statistics().structure("L1-DTLB-4K").misses());
    assertEquals(0, s.mmu.statistics().structure("L1-DTLB-2M").misses());
  }

  @Test
  void invlpgDropsEveryFragmentOfASplinteredGuestPage() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 12, EptRights.ALL);
    ept.map(A + 0x5000, B + 0x5000, 12, EptRights.ALL);
    ept.map(B, A, 12, EptRights.ALL);
    ept.map(B + 0x5000, A + 0x5000, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A, 21, Scenario.RW);
    s.read(VA);
    s.read(VA + 0x5000);
    space.map(VA, B, 21, Scenario.RW);
    assertEquals(B + 0x5000, s.read(VA + 0x5000));
    s.mmu.cached().invlpg(VA + 0x1F_F000);
    assertEquals(A, s.read(VA));
    assertEquals(A + 0x5000, s.read(VA + 0x5000));
  }

  @Test
  void aSmallGuestPageInALargeEptPageIsNotSplintered() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 21, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A + 0x3000, 12, Scenario.RW);
    assertEquals(B + 0x3000, s.read(VA));
    assertEquals(0, s.mmu.statistics().splinteredFills());
  }

  @Test
  void aOneGByteFetchIsCachedAsATwoMByteFragment() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    space.map(0x8000_0000L, 0x4000_0000L, 30, Scenario.RW);
    assertEquals(0x4060_1234L, s.access(0x8060_1234L, Access.FETCH));
    assertEquals(0x4060_0010L, s.access(0x8060_0010L, Access.FETCH));
    assertEquals(1, s.mmu.statistics().structure("L1-ITLB").hits());
    assertEquals(1, walks());
    assertEquals(0x40A0_0010L, s.access(0x80A0_0010L, Access.FETCH));
    assertEquals(2, walks(), "the second level here holds no 1-GByte pages");
  }

  @Test
  void aWriteThroughACleanEntrySetsTheDirtyFlag() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    space.map(VA, A, 12, Scenario.RW);
    long pte = space.entryAddress(VA, 1);
    s.read(VA);
    assertEquals(0, space.entry(pte) & DIRTY);
    s.access(VA, Access.WRITE);
    assertNotEquals(0, space.entry(pte) & DIRTY);
    long walks = walks();
    s.access(VA, Access.WRITE);
    assertEquals(walks, walks(), "the entry is dirty now");
  }

  @Test
  void aWriteThroughACleanEntrySetsTheDirtyFlagForEpt() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    s.mmu.enterGuest(1, ept.eptp(true));
    space.map(VA, A, 12, Scenario.RW | DIRTY);
    s.read(VA);
    long entry = ept.entryAddress(A, 1);
    assertEquals(EptWalk.ACCESSED, ept.entry(entry) & (EptWalk.ACCESSED | EptWalk.DIRTY));
    s.access(VA, Access.WRITE);
    assertNotEquals(0, ept.entry(entry) & EptWalk.DIRTY);
  }

  @Test
  void rightsAreJudgedUnderTheModeBitsInForceAtTheAccess() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    space.map(VA, A, 12, GuestTableBuilder.USER);
    assertEquals(A, s.read(VA));
    assertEquals(Status.PAGE_FAULT, s.mmu.translate(VA, 1, Access.WRITE), "CR0.WP is 1");
    s.mmu.movToCr0(s.mmu.paging().cr0() & ~PagingState.CR0_WP);
    assertEquals(A, s.access(VA, Access.WRITE));
    s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_SMAP);
    assertEquals(Status.PAGE_FAULT, s.mmu.translate(VA, 1, Access.READ));
    assertEquals(A, s.read(VA));
    s.mmu.paging().setRflagsAc(true);
    s.mmu.rightsChanged();
    assertEquals(A, s.access(VA, Access.READ));
    assertEquals(
        Status.PAGE_FAULT, s.mmu.translate(VA, 1, Access.READ | Access.IMPLICIT), "AC ignored");
  }

  @Test
  void protectionKeysGovernCachedTranslations() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    space.map(VA, A, 12, Scenario.RW | (3L << 59));
    s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_PKE);
    assertEquals(A, s.read(VA));
    s.mmu.paging().setPkru(1 << 6);
    s.mmu.rightsChanged();
    assertEquals(Status.PAGE_FAULT, s.mmu.translate(VA, 1, Access.READ | Access.USER));
    assertEquals(
        AccessRights.PF_PROTECTION_KEY,
        s.mmu.result().pageFaultErrorCode() & AccessRights.PF_PROTECTION_KEY);
    assertEquals(A, s.access(VA, Access.FETCH | Access.USER));
  }

  @Test
  void globalPagesAnswerForEveryPcidAndOthersForTheirOwn() {
    GuestTableBuilder space = s.nativeSpace();
    GuestTableBuilder other = s.nativeSpace();
    space.map(VA, A, 12, Scenario.RW | GuestTableBuilder.GLOBAL);
    space.map(VA + 4096, A, 12, Scenario.RW);
    other.map(VA + 4096, B, 12, Scenario.RW);
    s.use(space, 1);
    s.read(VA);
    s.read(VA + 4096);
    s.use(other, 2);
    assertEquals(A, s.read(VA), "not mapped there: the global translation answers");
    assertEquals(B, s.read(VA + 4096));
  }

  @Test
  void vpidsAndEptRootsKeepMappingsApart() {
    EptBuilder ept = s.ept();
    EptBuilder other = s.ept();
    ept.map(A, A, 12, EptRights.ALL);
    other.map(A, B, 12, EptRights.ALL);
    GuestTableBuilder space = guest(ept);
    space.map(VA, A, 12, Scenario.RW);
    assertEquals(A, s.read(VA));
    s.mmu.enterGuest(1, other.eptp(false));
    assertEquals(B, s.read(VA));
    long walks = walks();
    s.mmu.enterGuest(1, ept.eptp(false));
    assertEquals(A, s.read(VA));
    assertEquals(walks, walks());
    s.mmu.enterGuest(2, ept.eptp(false));
    assertEquals(A, s.read(VA));
    assertEquals(walks + 1, walks());
  }

  @Test
  void withoutPagingEptAloneTranslates() {
    EptBuilder ept = s.ept();
    ept.map(A, B, 21, EptRights.ALL);
    s.mmu.movToCr4(0);
    s.mmu.movToCr0(0);
    assertEquals(A + 5, s.access(A + 5, Access.WRITE));
    s.mmu.enterGuest(1, ept.eptp(false));
    assertEquals(B + 5, s.access(A + 5, Access.WRITE));
    assertEquals(B + 6, s.access(A + 6, Access.FETCH));
    assertEquals(3, entryReads());
  }

  @Test
  void translationContextsNeverRunOut() {
    GuestTableBuilder space = s.nativeSpace();
    space.map(VA, A, 12, Scenario.RW);
    for (int vpid = 1; vpid < 1 << 16; vpid++) {
      s.use(space, vpid & 0xFFF);
      s.mmu.enterGuest(vpid, 0);
    }
    assertEquals(A, s.read(VA));
  }
}
