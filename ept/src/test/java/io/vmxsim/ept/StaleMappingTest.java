package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.ept.WalkResult.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * For each invalidating operation: software edits a paging-structure entry, still meets the cached
 * mapping, and after the operation meets the new one. And what the operation must leave alone (SDM
 * "Operations that Invalidate Cached Mappings" and "… that Need Not …"), the model leaves alone.
 */
class StaleMappingTest {
  private static final long PAGE = 0x7000_0000L;
  private static final long OTHER_PAGE = 0x7000_1000L;
  private static final long GLOBAL_PAGE = 0x7000_2000L;

  private static final long OLD = 0x200_0000L;
  private static final long NEW = 0x300_0000L;
  private static final int PCID = 3;

  private static final int ALL = EptRights.ALL;

  private Scenario s = new Scenario(Scenario.everything());

  @BeforeEach
  void freshMachine() {
    s = new Scenario(Scenario.everything());
  }

  /** Linear mappings: EPT is not in use. */
  @Nested
  class OfLinearAddresses {
    private GuestTableBuilder space = s.nativeSpace();

    @BeforeEach
    void cacheOldMappingsAndEdit() {
      space = s.nativeSpace();
      s.use(space, PCID);
      map(OLD);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      assertSeen(OLD, OLD, OLD);
    }

    private void map(long frame) {
      space.map(PAGE, frame, 12, Scenario.RW);
      space.map(OTHER_PAGE, frame, 12, Scenario.RW);
      space.map(GLOBAL_PAGE, frame, 12, Scenario.RW | GuestTableBuilder.GLOBAL);
    }

    private void assertSeen(long page, long otherPage, long globalPage) {
      assertEquals(page, s.read(PAGE));
      assertEquals(otherPage, s.read(OTHER_PAGE));
      assertEquals(globalPage, s.read(GLOBAL_PAGE));
    }

    @Test
    void invlpgDropsOnePage() {
      s.mmu.cached().invlpg(PAGE + 0x123);
      assertSeen(NEW, OLD, OLD);
    }

    @Test
    void invlpgDropsGlobalTranslationsToo() {
      s.mmu.cached().invlpg(GLOBAL_PAGE);
      assertSeen(OLD, OLD, NEW);
    }

    @Test
    void invlpgDropsPagingStructureCachesOfOtherAddressesToo() {
      long reads = entryReads(() -> s.read(PAGE + 0x5000), PAGE + 0x5000);
      assertEquals(1, reads, "the PDE cache leads to the page table");
      s.mmu.cached().invlpg(0);
      assertEquals(4, entryReads(() -> s.read(PAGE + 0x6000), PAGE + 0x6000));
    }

    private long entryReads(Runnable access, long va) {
      space.map(va, OLD, 12, Scenario.RW);
      long before = s.mmu.statistics().entryReads();
      access.run();
      return s.mmu.statistics().entryReads() - before;
    }

    @Test
    void invlpgKeepsOtherPcids() {
      s.use(space, PCID + 1);
      s.mmu.cached().invlpg(PAGE);
      s.use(space, PCID);
      assertSeen(OLD, OLD, OLD);
    }

    @Test
    void invpcidIndividualAddressDropsOnePageOfThatPcidButNoGlobalTranslation() {
      s.mmu.cached().invpcid(0, PCID + 1, PAGE);
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invpcid(0, PCID, PAGE);
      s.mmu.cached().invpcid(0, PCID, GLOBAL_PAGE);
      assertSeen(NEW, OLD, OLD);
    }

    @Test
    void invpcidSingleContextDropsThatPcidExceptGlobals() {
      s.mmu.cached().invpcid(1, PCID + 1, 0);
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invpcid(1, PCID, 0);
      assertSeen(NEW, NEW, OLD);
    }

    @Test
    void invpcidAllContextIncludingGlobalsDropsEverything() {
      s.use(space, PCID + 1);
      s.mmu.cached().invpcid(2, 0, 0);
      s.use(space, PCID);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void invpcidAllContextKeepsGlobals() {
      s.use(space, PCID + 1);
      s.mmu.cached().invpcid(3, 0, 0);
      s.use(space, PCID);
      assertSeen(NEW, NEW, OLD);
    }

    @Test
    void movToCr3DropsThePcidItEstablishesExceptGlobals() {
      s.mmu.movToCr3(space.root() | (PCID + 1), false);
      s.use(space, PCID);
      assertSeen(OLD, OLD, OLD);
      s.mmu.movToCr3(space.root() | PCID, false);
      assertSeen(NEW, NEW, OLD);
    }

    @Test
    void movToCr3WithBit63SetDropsNothing() {
      s.mmu.movToCr3(space.root() | PCID, true);
      assertSeen(OLD, OLD, OLD);
    }

    @Test
    void bit63MeansNothingWithoutPcids() {
      s.mmu.movToCr3(space.root(), true);
      s.mmu.movToCr4(s.mmu.paging().cr4() & ~PagingState.CR4_PCIDE);
      map(OLD);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.movToCr3(space.root(), true);
      assertSeen(NEW, NEW, OLD);
    }

    @Test
    void changingPgeDropsEverything() {
      s.use(space, PCID + 1);
      s.mmu.movToCr4(s.mmu.paging().cr4() ^ PagingState.CR4_PGE);
      s.use(space, PCID);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void clearingPcideDropsEverything() {
      s.mmu.movToCr4(s.mmu.paging().cr4() & ~PagingState.CR4_PCIDE);
      s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_PCIDE);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void settingSmepDropsTheCurrentPcidAndClearingItNothing() {
      s.use(space, PCID + 1);
      s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_SMEP);
      s.use(space, PCID);
      assertEquals(OLD, s.read(PAGE));
      s.mmu.movToCr4(s.mmu.paging().cr4() & ~PagingState.CR4_SMEP);
      assertEquals(OLD, s.read(PAGE));
      s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_SMEP);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void turningPagingOffDropsEverything() {
      s.mmu.movToCr0(s.mmu.paging().cr0() & ~PagingState.CR0_PG);
      assertEquals(PAGE, s.read(PAGE), "paging is off");
      s.mmu.movToCr0(s.mmu.paging().cr0() | PagingState.CR0_PG);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void otherControlBitsDropNothing() {
      s.mmu.movToCr0(s.mmu.paging().cr0() ^ PagingState.CR0_WP);
      s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_SMAP);
      s.mmu.movToCr4(s.mmu.paging().cr4() | PagingState.CR4_PSE);
      assertSeen(OLD, OLD, OLD);
    }

    @Test
    void aPageFaultDropsThePagingStructureCacheEntriesOfItsAddress() {
      long pde = space.entryAddress(PAGE, 2);
      long good = space.entry(pde);
      long va = PAGE + 0x9000;
      space.map(va, NEW, 12, Scenario.RW);
      long emptyTable = 0x80_0000L;
      space.setEntry(pde, (good & ~BitRange.bits(51, 12)) | emptyTable);
      assertEquals(NEW, s.read(va), "the PDE cache still leads to the old page table");
      s.mmu.translate(va + 0x1000, 1, Access.READ);
      assertEquals(Status.PAGE_FAULT, s.mmu.result().status(), "not present in the old table");
      assertEquals(
          Status.PAGE_FAULT, s.mmu.translate(va + 0x2000, 1, Access.READ), "nor in the new one");
      space.setEntry(pde, good);
      space.map(va + 0x2000, NEW, 12, Scenario.RW);
      assertEquals(NEW, s.read(va + 0x2000), "the fault will not recur");
    }

    @Test
    void vmxTransitionsWithoutVpidsDropVpid0AndThoseWithVpidsNothing() {
      s.mmu.enterGuest(7, 0);
      assertEquals(NEW, s.read(PAGE), "VPID 7 has mappings of its own");
      map(OLD);
      s.mmu.leaveGuest();
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.cached().flushForVmTransition();
      assertSeen(NEW, NEW, NEW);
      s.mmu.enterGuest(7, 0);
      assertEquals(NEW, s.read(PAGE));
    }
  }

  /** Combined and guest-physical mappings, of VPID 7 and one EPT. */
  @Nested
  class OfAGuest {
    private static final int VPID = 7;
    private GuestTableBuilder space = s.guestSpace();
    private EptBuilder ept = s.ept();
    private EptBuilder otherEpt = s.ept();

    @BeforeEach
    void cacheOldMappings() {
      space = s.guestSpace();
      ept = s.ept();
      otherEpt = s.ept();
      mapAll(Scenario.HOST + OLD, ept);
      mapAll(Scenario.HOST + OLD, otherEpt);
      map(OLD);
      enter(VPID, ept);
      assertSeen(OLD, OLD, OLD);
    }

    private void mapAll(long host, EptBuilder in) {
      in.map(OLD, host, 12, ALL);
      in.map(NEW, host - OLD + NEW, 12, ALL);
    }

    private void map(long frame) {
      space.map(PAGE, frame, 12, Scenario.RW);
      space.map(OTHER_PAGE, frame, 12, Scenario.RW);
      space.map(GLOBAL_PAGE, frame, 12, Scenario.RW | GuestTableBuilder.GLOBAL);
    }

    private void enter(int vpid, EptBuilder with) {
      s.use(space, PCID);
      s.mmu.enterGuest(vpid, with.eptp(false));
    }

    private void assertSeen(long page, long otherPage, long globalPage) {
      assertEquals(Scenario.HOST + page, s.read(PAGE));
      assertEquals(Scenario.HOST + otherPage, s.read(OTHER_PAGE));
      assertEquals(Scenario.HOST + globalPage, s.read(GLOBAL_PAGE));
    }

    @Test
    void invvpidIndividualAddressDropsThatAddressOfThatVpid() {
      map(NEW);
      s.mmu.cached().invvpid(0, VPID + 1, PAGE);
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invvpid(0, VPID, PAGE);
      s.mmu.cached().invvpid(0, VPID, GLOBAL_PAGE);
      assertSeen(NEW, OLD, NEW);
    }

    @Test
    void invvpidDropsCombinedMappingsOfThatVpidOnly() {
      enter(VPID + 1, ept);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.cached().invvpid(1, VPID, 0);
      assertSeen(OLD, OLD, OLD);
      enter(VPID, ept);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void invvpidDropsCombinedMappingsOfAllEpts() {
      enter(VPID, otherEpt);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.cached().invvpid(1, VPID, 0);
      assertSeen(NEW, NEW, NEW);
      enter(VPID, ept);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void invvpidAllContextsKeepsVpid0() {
      enter(0, ept);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.cached().invvpid(2, 0, 0);
      assertSeen(OLD, OLD, OLD);
      enter(VPID, ept);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void invvpidRetainingGlobalsKeepsGlobals() {
      map(NEW);
      s.mmu.cached().invvpid(3, VPID, 0);
      assertSeen(NEW, NEW, OLD);
    }

    @Test
    void invvpidKeepsGuestPhysicalMappings() {
      s.mmu.cached().invvpid(1, VPID, 0);
      s.mmu.cached().invvpid(2, 0, 0);
      long before = s.mmu.statistics().eptEntryReads();
      s.read(PAGE);
      assertEquals(before, s.mmu.statistics().eptEntryReads());
    }

    @Test
    void inveptSingleContextDropsGuestPhysicalAndCombinedMappingsOfThatEpt() {
      mapAll(Scenario.HOST + NEW, ept);
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invept(1, otherEpt.eptp(false));
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invept(1, ept.eptp(true));
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void inveptSingleContextDropsMappingsOfAllVpidsAndPcids() {
      enter(VPID + 1, ept);
      assertSeen(OLD, OLD, OLD);
      mapAll(Scenario.HOST + NEW, ept);
      s.mmu.leaveGuest();
      s.mmu.cached().invept(1, ept.eptp(false));
      enter(VPID + 1, ept);
      assertSeen(NEW, NEW, NEW);
      enter(VPID, ept);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void inveptAllContextsDropsThoseOfEveryEpt() {
      mapAll(Scenario.HOST + NEW, ept);
      s.mmu.cached().invept(2, 0);
      assertSeen(NEW, NEW, NEW);
    }

    @Test
    void inveptKeepsLinearMappings() {
      GuestTableBuilder host = s.nativeSpace();
      host.map(PAGE, OLD, 12, Scenario.RW);
      s.mmu.leaveGuest();
      s.use(host, 0);
      assertEquals(OLD, s.read(PAGE));
      host.map(PAGE, NEW, 12, Scenario.RW);
      s.mmu.cached().invept(2, 0);
      assertEquals(OLD, s.read(PAGE));
    }

    @Test
    void invlpgInTheGuestKeepsGuestPhysicalMappings() {
      mapAll(Scenario.HOST + NEW, ept);
      s.mmu.cached().invlpg(PAGE);
      assertSeen(OLD, OLD, OLD);
    }

    @Test
    void invlpgConcernsTheCurrentVpidForAllEpts() {
      enter(VPID, otherEpt);
      assertSeen(OLD, OLD, OLD);
      enter(VPID + 1, otherEpt);
      assertSeen(OLD, OLD, OLD);
      map(NEW);
      s.mmu.cached().invlpg(PAGE);
      assertSeen(NEW, OLD, OLD);
      enter(VPID, otherEpt);
      assertSeen(OLD, OLD, OLD);
      s.mmu.cached().invlpg(PAGE);
      enter(VPID, ept);
      assertSeen(NEW, OLD, OLD);
    }

    @Test
    void anEptViolationDoesNotRecurOnceTheEntryAllowsTheAccess() {
      ept.map(OLD, Scenario.HOST + OLD, 12, EptRights.READ);
      s.mmu.cached().invept(1, ept.eptp(false));
      assertSeen(OLD, OLD, OLD);
      ept.map(OLD, Scenario.HOST + OLD, 12, ALL);
      int write = Access.WRITE | Access.USER;
      assertEquals(Status.EPT_VIOLATION, s.mmu.translate(PAGE, 1, write), "spurious: still cached");
      assertEquals(Scenario.HOST + OLD, s.access(PAGE, write));
    }

    @Test
    void aGuestPhysicalAddressIsTranslatedThroughTheSameCaches() {
      assertEquals(Status.OK, s.mmu.translateGuestPhysical(OLD + 8, Access.READ));
      assertEquals(Scenario.HOST + OLD + 8, s.mmu.physicalAddress());
      mapAll(Scenario.HOST + NEW, ept);
      s.mmu.translateGuestPhysical(OLD + 8, Access.READ);
      assertEquals(Scenario.HOST + OLD + 8, s.mmu.physicalAddress());
      s.mmu.cached().invept(1, ept.eptp(false));
      s.mmu.translateGuestPhysical(OLD + 8, Access.READ);
      assertEquals(Scenario.HOST + NEW + 8, s.mmu.physicalAddress());
    }
  }

  @Test
  void resetDropsEverything() {
    GuestTableBuilder space = s.nativeSpace();
    s.use(space, 0);
    space.map(PAGE, OLD, 12, Scenario.RW | GuestTableBuilder.GLOBAL);
    s.read(PAGE);
    space.map(PAGE, NEW, 12, Scenario.RW | GuestTableBuilder.GLOBAL);
    assertEquals(OLD, s.read(PAGE));
    s.mmu.reset();
    assertEquals(NEW, s.read(PAGE));
  }

  @Test
  void typesThatDoNotExistAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> s.mmu.cached().invpcid(4, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> s.mmu.cached().invvpid(4, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> s.mmu.cached().invept(0, 0));
    assertThrows(IllegalArgumentException.class, () -> s.mmu.cached().invept(3, 0));
  }
}
