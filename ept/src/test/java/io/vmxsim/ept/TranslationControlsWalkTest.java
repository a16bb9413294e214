package io.vmxsim.ept;

import static io.vmxsim.ept.GuestOnEpt.BACKING;
import static io.vmxsim.ept.GuestOnEpt.LINEAR;
import static io.vmxsim.ept.GuestOnEpt.PAGE;
import static io.vmxsim.ept.GuestOnEpt.RW_USER;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.WalkResult.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The controls of later editions (June 2026, 31.3.3, 31.3.4 and 5.5), at the walk itself. */
class TranslationControlsWalkTest {
  private static final long WRITABLE = 1 << 1;
  private static final long VERIFY_PAGING = 1L << 57;
  private static final long PAGING_WRITE = 1L << 58;
  private static final long SUB_PAGES = 1L << 61;
  private static final long LINEAR_VALID = 1 << 7;
  private static final long FINAL = LINEAR_VALID | 1 << 8;
  private static final long USER_RW = 1 << 9 | 1 << 10;
  private static final long VERIFICATION = 1 << 15;
  private static final long OFF = TranslationControls.OFF;

  private static final TranslationControls PAGING_WRITES =
      new TranslationControls(true, false, OFF, OFF, 0);
  private static final TranslationControls VERIFIES =
      new TranslationControls(true, true, OFF, OFF, 0);

  private final GuestOnEpt g = GuestOnEpt.nested(RW_USER);

  private void control(TranslationControls controls) {
    g.features = g.features.with(controls);
  }

  private void change(long gpa, int level, long clear, long set) {
    g.setEptEntry(gpa, level, (g.eptEntry(gpa, level) & ~clear) | set);
  }

  // ---- EPT paging-write control ----------------------------------------------------------------

  @Test
  void pagingWriteAccessPermitsFlagsOfPagingStructuresButNoWritesOfSoftware() {
    long table = g.guestEntryAddress(1);
    change(table, 1, WRITABLE, PAGING_WRITE);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ), "the control is 0");
    control(PAGING_WRITES);
    assertEquals(Status.OK, g.access(Access.WRITE));
    g.result.applyUpdates(g.memory);
    assertEquals(0x60, g.guestEntry(1) & 0x60);

    change(PAGE, 1, WRITABLE, PAGING_WRITE);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(1 << 1 | 5 << 3 | FINAL | USER_RW, g.result.exitQualification());
  }

  @Test
  void withFlagsForEptPagingWriteAccessIsWhatReadsOfPagingStructuresNeed() {
    g.accessedDirty = true;
    long table = g.guestEntryAddress(1);
    change(table, 1, WRITABLE, PAGING_WRITE);
    control(PAGING_WRITES);
    assertEquals(Status.OK, g.access(Access.READ));
    g.result.applyUpdates(g.memory);
    assertEquals(0x300, g.eptEntry(table, 1) & 0x300, "accessed and dirty");
    change(table, 1, PAGING_WRITE, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
    assertEquals(3 | 5 << 3 | LINEAR_VALID, g.result.exitQualification());
  }

  @Test
  void pagingWriteAccessIsOfNoUseUnderTablesThatAreNotWritable() {
    for (int level = 1; level <= 4; level++) {
      change(g.guestEntryAddress(level), 1, WRITABLE, PAGING_WRITE);
    }
    control(PAGING_WRITES);
    assertEquals(Status.OK, g.access(Access.READ));
    change(g.guestEntryAddress(1), 2, WRITABLE, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
  }

  @Test
  void pagingWriteAccessOfATableIsNoRight() {
    long table = g.guestEntryAddress(1);
    change(table, 1, WRITABLE, 0);
    change(table, 2, 0, PAGING_WRITE);
    control(PAGING_WRITES);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
  }

  // ---- Guest-paging verification ---------------------------------------------------------------

  private void verifying() {
    control(VERIFIES);
    change(PAGE, 1, 0, VERIFY_PAGING);
    for (int level = 1; level <= 4; level++) {
      change(g.guestEntryAddress(level), 1, 0, PAGING_WRITE);
    }
  }

  @Test
  void aPageThatAsksIsReachedThroughStructuresWithPagingWriteAccess() {
    verifying();
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(PAGE + BACKING, g.result.physicalAddress());
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3", "4"})
  void oneStructureWithoutPagingWriteAccessIsAViolationOfThePage(int level) {
    verifying();
    change(g.guestEntryAddress(level), 1, PAGING_WRITE, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(PAGE, g.result.guestPhysicalAddress());
    assertEquals(1 << 1 | 7 << 3 | FINAL | USER_RW | VERIFICATION, g.result.exitQualification());

    control(PAGING_WRITES);
    assertEquals(Status.OK, g.access(Access.WRITE), "the control is 0");
    control(new TranslationControls(false, true, OFF, 0x1000, 1));
    assertEquals(Status.OK, g.access(Access.WRITE), "the control that it needs is 0");
    control(VERIFIES);
    change(PAGE, 1, VERIFY_PAGING, 0);
    assertEquals(Status.OK, g.access(Access.WRITE), "the page does not ask");
  }

  // ---- Sub-page write permissions --------------------------------------------------------------

  private static final long TABLES = 0x1000_0000L;
  private static final int VECTOR_LEVEL = 1;

  /** The address of the entry that the sub-pages of PAGE have at a level. */
  private static long subPageEntry(int level) {
    return TABLES + 0x1000L * (4 - level) + 8 * (PAGE >>> (12 + 9 * (level - 1)) & 511);
  }

  private void subPages(long vector) {
    control(new TranslationControls(false, false, TABLES, OFF, 0));
    for (int level = 4; level > VECTOR_LEVEL; level--) {
      g.memory.write64(subPageEntry(level), (TABLES + 0x1000L * (5 - level)) | 1);
    }
    g.memory.write64(subPageEntry(VECTOR_LEVEL), vector);
    change(PAGE, 1, WRITABLE, SUB_PAGES);
  }

  @Test
  void writesAskWhichSubPagesAreWritable() {
    subPages(1);
    assertEquals(Status.OK, g.access(Access.WRITE));
    assertEquals(PAGE + BACKING, g.result.physicalAddress());
    g.memory.write64(subPageEntry(VECTOR_LEVEL), 1 << 2);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(1 << 1 | 5 << 3 | FINAL | USER_RW, g.result.exitQualification());
    assertEquals(Status.OK, g.access(Access.READ));
  }

  @Test
  void onlyAPageOf4KBytesThatSaysSoHasSubPages() {
    subPages(1);
    change(PAGE, 1, SUB_PAGES, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    change(PAGE, 1, 0, SUB_PAGES);
    control(TranslationControls.NONE);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE), "the control is 0");
    control(new TranslationControls(false, false, TABLES, OFF, 0));
    g.setEptEntry(PAGE, 2, PAGE + BACKING | SUB_PAGES | 1 << 7 | 6 << 3 | 5);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE), "a page of 2 MBytes");
  }

  @Test
  void guestPagingStructuresHaveNoSubPages() {
    g.accessedDirty = true;
    subPages(1);
    long table = g.guestEntryAddress(1);
    change(table, 1, WRITABLE, SUB_PAGES);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
  }

  @Test
  void aMissingTableAndASetReservedBitAreEvents() {
    subPages(1);
    for (int level = 4; level > VECTOR_LEVEL; level--) {
      long entry = g.memory.read64(subPageEntry(level));
      g.memory.write64(subPageEntry(level), entry & ~1);
      assertEquals(Status.SUB_PAGE_MISS, g.access(Access.WRITE), "level " + level);
      assertEquals(PAGE, g.result.guestPhysicalAddress());
      g.memory.write64(subPageEntry(level), entry | 1 << 11);
      assertEquals(Status.SUB_PAGE_MISCONFIGURATION, g.access(Access.WRITE), "level " + level);
      g.memory.write64(subPageEntry(level), entry | 1L << 46);
      assertEquals(Status.SUB_PAGE_MISCONFIGURATION, g.access(Access.WRITE), "beyond the width");
      g.memory.write64(subPageEntry(level), entry);
    }
    g.memory.write64(subPageEntry(VECTOR_LEVEL), 3);
    assertEquals(Status.SUB_PAGE_MISCONFIGURATION, g.access(Access.WRITE), "an odd bit");
  }

  // ---- HLAT paging -----------------------------------------------------------------------------

  private static final long HLAT = 0x8_0000L;
  private static final long OTHER_PAGE = 0x10_0000L;
  private static final long RESTART = 1 << 11;

  /** Structures of the hypervisor's that map LINEAR to another page. */
  private void hlat(int prefix, long pageTableEntry) {
    control(new TranslationControls(false, false, OFF, HLAT | 0x18, prefix));
    for (int level = 4; level >= 1; level--) {
      long table = HLAT + 0x1000L * (4 - level);
      long entry = level == 1 ? pageTableEntry : table + 0x1000 | 7;
      g.memory.write64(BACKING + table + 8 * (LINEAR >>> (12 + 9 * (level - 1)) & 511), entry);
    }
  }

  @Test
  void hlatPagingTranslatesByTheStructuresOfTheHypervisor() {
    hlat(0, OTHER_PAGE | 7);
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(OTHER_PAGE, g.result.guestPhysicalAddress());
    hlat(1, OTHER_PAGE | 7);
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(PAGE, g.result.guestPhysicalAddress(), "the prefix of the lower half differs");
  }

  @Test
  void anEntryMayRestartWithOrdinaryPaging() {
    hlat(0, OTHER_PAGE | RESTART | 7);
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(PAGE, g.result.guestPhysicalAddress());
    g.setGuestEntry(1, g.guestEntry(1) | RESTART);
    assertEquals(Status.OK, g.access(Access.READ), "ignored by ordinary paging");
    g.setGuestEntry(1, 0);
    assertEquals(Status.PAGE_FAULT, g.access(Access.READ));
    assertEquals(0, g.result.pageFaultErrorCode(), "a fault of ordinary paging");
  }

  @Test
  void pageFaultsOfHlatPagingSaySo() {
    hlat(0, OTHER_PAGE);
    assertEquals(Status.PAGE_FAULT, g.access(Access.WRITE));
    assertEquals(1 << 7 | 2, g.result.pageFaultErrorCode());
    hlat(0, OTHER_PAGE | 1L << 46 | 7);
    assertEquals(Status.PAGE_FAULT, g.access(Access.READ));
    assertEquals(1 << 7 | 1 << 3 | 1, g.result.pageFaultErrorCode(), "a reserved bit");
  }
}
