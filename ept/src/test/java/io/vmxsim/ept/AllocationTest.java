package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.vmxsim.ept.WalkResult.Status;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Translations, context changes and invalidations allocate nothing on the host's heap. */
class AllocationTest {
  private static final long VA = 0x4000_0000L;
  private static final long PA = 0x200_0000L;
  private static final int PAGES = 256; // far more than the TLBs hold
  private static final int ROUNDS = 20_000;
  private static final int RUNS = 6;
  private static final ThreadMXBean THREAD = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Scenario s = new Scenario(Scenario.everything());
  private final Mmu mmu = s.mmu;
  private long eptp;
  private long missingPage;

  private void prepare(Scenario scenario, boolean nested) {
    GuestTableBuilder space = nested ? scenario.guestSpace() : scenario.nativeSpace();
    EptBuilder ept = scenario.ept();
    for (long offset = 0; offset < PAGES << 12; offset += 4096) {
      space.map(VA + offset, PA + offset, 12, Scenario.RW);
      ept.map(PA + offset, PA + offset, 12, EptRights.ALL);
    }
    missingPage = VA + ((long) PAGES << 12);
    scenario.use(space, 0);
    eptp = nested ? ept.eptp(true) : 0;
    scenario.mmu.enterGuest(1, eptp);
  }

  /**
   * Runs the code several times. What it allocates, it allocates every time; the host's virtual
   * machine may allocate too, while it loads and compiles the code.
   */
  private static void assertAllocatesNothing(Runnable code) {
    long least = Long.MAX_VALUE;
    for (int run = 0; run < RUNS; run++) {
      long before = THREAD.getCurrentThreadAllocatedBytes();
      code.run();
      least = Math.min(least, THREAD.getCurrentThreadAllocatedBytes() - before);
    }
    assertEquals(0, least);
  }

  private static void translate(Mmu mmu, long va, int access, Status expected) {
    if (mmu.translate(va, 1, access) != expected) {
      throw new AssertionError(Long.toHexString(va));
    }
  }

  @Test
  void aHitAllocatesNothing() {
    prepare(s, true);
    assertAllocatesNothing(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            translate(mmu, VA + ((i & 1) << 12), Access.READ, Status.OK);
          }
        });
  }

  @Test
  void missesAndWalksThroughWalkCachesAllocateNothing() {
    prepare(s, true);
    assertAllocatesNothing(() -> readAndWriteEveryPage(mmu));
  }

  @Test
  void walksFromTheRootAllocateNothing() {
    for (boolean nested : new boolean[] {false, true}) {
      Scenario plain = new Scenario(MmuGeometry.none());
      prepare(plain, nested);
      assertAllocatesNothing(() -> readAndWriteEveryPage(plain.mmu));
    }
  }

  private static void readAndWriteEveryPage(Mmu mmu) {
    for (int i = 0; i < ROUNDS; i++) {
      translate(mmu, VA + ((i & (PAGES - 1)) << 12), i & 1, Status.OK);
    }
  }

  @Test
  void aPageFaultAllocatesNothing() {
    prepare(s, true);
    assertAllocatesNothing(
        () -> {
          for (int i = 0; i < 100; i++) {
            translate(mmu, missingPage, Access.READ, Status.PAGE_FAULT);
          }
        });
  }

  @Test
  void vmEntriesExitsAndAddressSpaceSwitchesAllocateNothing() {
    prepare(s, true);
    long cr3 = mmu.paging().cr3();
    assertAllocatesNothing(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            mmu.leaveGuest();
            mmu.enterGuest(1 + (i & 3), eptp);
            mmu.movToCr3(cr3 | (i & 7), true);
            mmu.rightsChanged();
          }
        });
  }

  @Test
  void invalidationsOfTheCurrentContextAllocateNothing() {
    prepare(s, true);
    long cr3 = mmu.paging().cr3();
    assertAllocatesNothing(
        () -> {
          for (int i = 0; i < 1000; i++) {
            translate(mmu, VA, Access.READ, Status.OK);
            mmu.cached().invlpg(VA);
            mmu.movToCr3(cr3, false);
            mmu.cached().flushForVmTransition();
          }
        });
  }
}
