package io.vmxsim.ept;

import static io.vmxsim.ept.GuestOnEpt.BACKING;
import static io.vmxsim.ept.GuestOnEpt.LINEAR;
import static io.vmxsim.ept.GuestOnEpt.PAGE;
import static io.vmxsim.ept.GuestOnEpt.RW_USER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.WalkResult.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM 28.2, one example per rule; exit qualifications by table 27-7. */
class NestedWalkTest {
  private static final int READ = 1;
  private static final int WRITE = 1 << 1;
  private static final int FETCH = 1 << 2;
  private static final int READABLE = 1 << 3;
  private static final int EXECUTABLE = 1 << 5;
  private static final int USER_EXECUTABLE = 1 << 6;
  private static final int LINEAR_VALID = 1 << 7;
  private static final int FINAL = 1 << 7 | 1 << 8;

  /** Advanced information on a user-mode, read/write, executable page. */
  private static final int USER_RW = 1 << 9 | 1 << 10;

  private final GuestOnEpt g = GuestOnEpt.nested(RW_USER);

  @Test
  void translatesThroughBothDimensions() {
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(PAGE, g.result.guestPhysicalAddress());
    assertEquals(PAGE + BACKING, g.result.physicalAddress());
  }

  @Test
  void absentEntryIsAViolationWithoutRights() {
    g.setEptEntry(PAGE, 2, ~7L & ~(1L << 10));
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(WRITE | FINAL | USER_RW, g.result.exitQualification());
    assertEquals(PAGE, g.result.guestPhysicalAddress());
    assertEquals(LINEAR, g.result.linearAddress());
  }

  @ParameterizedTest
  @CsvSource({
    // rights of the EPT PTE, access, exit qualification bits 5:0 or -1 when allowed
    "1, 0, -1", "1, 1, 001010", "1, 2, 001100",
    "3, 0, -1", "3, 1, -1", "3, 2, 011100",
    "5, 0, -1", "5, 1, 101010", "5, 2, -1",
    "4, 0, 100001", "4, 1, 100010", "4, 2, -1",
    "7, 0, -1", "7, 1, -1", "7, 2, -1",
  })
  void rightsOfTheEntryDecide(int rights, int access, String qualification) {
    g.setEptEntry(PAGE, 1, (g.eptEntry(PAGE, 1) & ~0x407L) | rights);
    Status status = g.access(access);
    if (qualification.equals("-1")) {
      assertEquals(Status.OK, status);
    } else {
      assertEquals(Status.EPT_VIOLATION, status);
      int low = Integer.parseInt(qualification, 2);
      assertEquals(low | FINAL | USER_RW, g.result.exitQualification());
    }
  }

  @Test
  void advancedInformationDescribesTheGuestPageAndIsAbsentWhenNotSupported() {
    GuestOnEpt s =
        GuestOnEpt.nested(GuestTableBuilder.EXECUTE_DISABLE); // supervisor, read-only, XD
    s.setEptEntry(PAGE, 1, 0);
    assertEquals(Status.EPT_VIOLATION, s.access(Access.READ));
    assertEquals(READ | FINAL | 1 << 11, s.result.exitQualification());
    s.features =
        new EptFeatures(EptFeatures.ALL & ~EptFeatures.ADVANCED_EXIT_INFORMATION, 46, false);
    s.access(Access.READ);
    assertEquals(READ | FINAL, s.result.exitQualification());
  }

  @ParameterizedTest
  @ValueSource(ints = {0b010, 0b110})
  void writableButNotReadableIsMisconfigured(int rights) {
    g.setEptEntry(PAGE, 3, (g.eptEntry(PAGE, 3) & ~0x407L) | rights);
    assertEquals(Status.EPT_MISCONFIGURATION, g.access(Access.READ));
    assertEquals(PAGE, g.result.guestPhysicalAddress());
  }

  @Test
  void executeOnlyIsMisconfiguredWhereNotSupported() {
    g.setEptEntry(PAGE, 1, (g.eptEntry(PAGE, 1) & ~0x407L) | 0b100);
    assertEquals(Status.OK, g.access(Access.FETCH));
    g.features = new EptFeatures(EptFeatures.ALL & ~EptFeatures.EXECUTE_ONLY, 46, false);
    assertEquals(Status.EPT_MISCONFIGURATION, g.access(Access.FETCH));
  }

  /** Tables 28-1 to 28-6 with a physical-address width of 46. */
  @ParameterizedTest
  @CsvSource({
    // level, bits to set, bits reserved among them
    "4, fc000000000f8, fc000000000f8", // 51:46, 7:3
    "3, fc00000000078, fc00000000078", // 51:46, 6:3
    "2, fc00000000078, fc00000000078",
    "1, fc00000000000, fc00000000000",
    "1, fff00000000001c0, 0", // 63:52, 8:6 of a PTE
    "2, fff0000000000300, 0", // 63:52, 9:8 of a PDE
  })
  void setReservedBitIsAMisconfiguration(int level, String bits, String reserved) {
    long entry = g.eptEntry(PAGE, level);
    for (int bit = 0; bit < 64; bit++) {
      long mask = 1L << bit;
      if ((Long.parseUnsignedLong(bits, 16) & mask) != 0) {
        g.setEptEntry(PAGE, level, entry | mask);
        boolean isReserved = (Long.parseUnsignedLong(reserved, 16) & mask) != 0;
        Status expected = isReserved ? Status.EPT_MISCONFIGURATION : Status.OK;
        assertEquals(expected, g.access(Access.READ), "bit " + bit);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, true",
    "1, true",
    "2, false",
    "3, false",
    "4, true",
    "5, true",
    "6, true",
    "7, false"
  })
  void memoryTypes2And3And7AreMisconfigured(int type, boolean valid) {
    g.setEptEntry(PAGE, 1, (g.eptEntry(PAGE, 1) & ~0x38L) | ((long) type << 3));
    assertEquals(valid ? Status.OK : Status.EPT_MISCONFIGURATION, g.access(Access.READ));
  }

  @ParameterizedTest
  @CsvSource({"21, 2, 2M", "30, 3, 1G"})
  void largePageIsMisconfiguredWhereNotSupported(int shift, int level, String size) {
    long entry = BACKING | 0b111 | 6 << 3 | 1 << 7;
    g.setEptEntry(PAGE, level, entry);
    assertEquals(Status.OK, g.access(Access.READ));
    assertEquals(shift, g.result.eptPageShift(), size);
    assertEquals(12, g.result.pageShift(), "the smaller of both");
    long without = shift == 21 ? EptFeatures.PAGE_2M : EptFeatures.PAGE_1G;
    g.features = new EptFeatures(EptFeatures.ALL & ~without, 46, false);
    assertEquals(Status.EPT_MISCONFIGURATION, g.access(Access.READ));
  }

  @Test
  void misconfigurationComesBeforeViolationOnTheSameEntry() {
    g.setEptEntry(PAGE, 1, BACKING | 0b001 | 2 << 3); // read-only and of memory type 2
    assertEquals(Status.EPT_MISCONFIGURATION, g.access(Access.WRITE));
  }

  @Test
  void pageFaultComesBeforeTheViolationOfThePage() {
    g.setEptEntry(PAGE, 1, 0);
    g.setGuestEntry(1, g.guestEntry(1) & ~GuestTableBuilder.WRITE);
    assertEquals(Status.PAGE_FAULT, g.access(Access.WRITE | Access.USER));
  }

  @Test
  void violationOfAPagingStructureComesBeforeThePageFault() {
    long gpa = g.guestEntryAddress(2);
    g.setGuestEntry(2, 0);
    g.setEptEntry(gpa, 1, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(READ | LINEAR_VALID, g.result.exitQualification());
    assertEquals(gpa, g.result.guestPhysicalAddress());
  }

  @Test
  void settingAFlagInAReadOnlyPagingStructureIsAViolationThatReadsAndWrites() {
    long gpa = g.guestEntryAddress(1);
    g.setEptEntry(gpa, 1, g.eptEntry(gpa, 1) & ~2L);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
    assertEquals(READ | WRITE | READABLE | EXECUTABLE | LINEAR_VALID, g.result.exitQualification());
    assertEquals(gpa, g.result.guestPhysicalAddress());
    g.setGuestEntry(1, g.guestEntry(1) | GuestWalk.ACCESSED);
    assertEquals(Status.OK, g.access(Access.READ), "nothing to set");
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE), "dirty flag to set");
  }

  @Test
  void withAccessedAndDirtyFlagsPagingStructuresAreWritten() {
    g.accessedDirty = true;
    long gpa = g.guestEntryAddress(1);
    g.setGuestEntry(1, g.guestEntry(1) | GuestWalk.ACCESSED);
    g.setEptEntry(gpa, 1, g.eptEntry(gpa, 1) & ~2L);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.READ));
    assertEquals(READ | WRITE | READABLE | EXECUTABLE | LINEAR_VALID, g.result.exitQualification());
  }

  @Test
  void accessedAndDirtyFlagsForEptFollowTheAccess() {
    g.accessedDirty = true;
    assertEquals(Status.OK, g.access(Access.READ));
    assertFalse(g.result.dirty());
    g.result.applyUpdates(g.memory);
    assertEquals(EptWalk.ACCESSED, g.eptEntry(PAGE, 1) & 0x300);
    assertEquals(EptWalk.ACCESSED, g.eptEntry(PAGE, 4) & 0x300);
    assertEquals(0x300, g.eptEntry(g.guestEntryAddress(3), 1) & 0x300, "treated as written");
    assertEquals(Status.OK, g.access(Access.WRITE));
    assertTrue(g.result.dirty());
    g.result.applyUpdates(g.memory);
    assertEquals(0x300, g.eptEntry(PAGE, 1) & 0x300);
    g.access(Access.WRITE);
    assertEquals(0, g.result.updateCount(), "flags are sticky");
  }

  @Test
  void withoutAccessedAndDirtyFlagsEptIsNotWritten() {
    g.access(Access.WRITE);
    g.result.applyUpdates(g.memory);
    assertEquals(0, g.eptEntry(PAGE, 1) & 0x300);
  }

  @Test
  void loadOfPdptesIsAReadThatNoLinearAddressLedTo() {
    EptWalk walk = new EptWalk(g.memory, null, null);
    long gpa = g.guest.root();
    long entry = g.eptEntry(gpa, 1);
    g.setEptEntry(gpa, 1, entry & ~2L);
    Status status = walk.walk(g.ept.eptp(true), g.features, gpa, Access.READ, g.result);
    assertEquals(Status.OK, status);
    assertFalse(g.result.dirty());
    g.setEptEntry(gpa, 1, 0);
    walk.walk(g.ept.eptp(true), g.features, gpa, Access.READ, g.result);
    assertEquals(READ, g.result.exitQualification());
  }

  @Test
  void modeBasedExecuteControlSplitsExecuteByTheModeOfTheLinearAddress() {
    g.features = g.features.withModeBasedExecute(true);
    long entry = g.eptEntry(PAGE, 1) & ~0x407L;
    g.setEptEntry(PAGE, 1, entry | 0b101); // supervisor execute only
    assertEquals(Status.EPT_VIOLATION, g.access(Access.FETCH), "a user-mode address, at CPL 0");
    assertEquals(FETCH | READABLE | EXECUTABLE | FINAL | USER_RW, g.result.exitQualification());
    g.setEptEntry(PAGE, 1, entry | 1 << 10 | 1); // user execute only
    assertEquals(Status.OK, g.access(Access.FETCH));
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(
        WRITE | READABLE | USER_EXECUTABLE | FINAL | USER_RW, g.result.exitQualification());
    g.setGuestEntry(1, g.guestEntry(1) & ~GuestTableBuilder.USER);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.FETCH));
  }

  @Test
  void entryWithUserExecuteAloneIsPresentUnderModeBasedExecuteControl() {
    g.setEptEntry(PAGE, 1, (g.eptEntry(PAGE, 1) & ~7L) | 1 << 10);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.FETCH), "not present");
    assertEquals(FETCH | FINAL | USER_RW, g.result.exitQualification());
    g.features = g.features.withModeBasedExecute(true);
    assertEquals(Status.OK, g.access(Access.FETCH));
  }

  @Test
  void addressAbove48BitsIsAViolationWithFourLevels() {
    EptWalk walk = new EptWalk(g.memory, null, null);
    EptFeatures wide = EptFeatures.all(52);
    long gpa = 1L << 48;
    Status status = walk.walk(g.ept.eptp(false), wide, gpa, Access.READ, g.result);
    assertEquals(Status.EPT_VIOLATION, status);
    assertEquals(gpa, g.result.guestPhysicalAddress());
  }

  @Test
  void withoutPagingALinearAddressIsAUserModeReadWriteGuestPhysicalAddress() {
    g.state.setControlRegisters(0, 0, 0, 0);
    assertEquals(Status.EPT_VIOLATION, g.access(Access.WRITE));
    assertEquals(WRITE | FINAL | USER_RW, g.result.exitQualification());
    assertEquals(LINEAR, g.result.guestPhysicalAddress());
  }

  @ParameterizedTest
  @CsvSource({
    // EPT type, ignore PAT, PAT entry 0, effective type (table 11-7; 28.2.6.2)
    "6, 0, 6, 6", "6, 0, 4, 4", "6, 0, 1, 1", "6, 0, 7, 0", "6, 1, 0, 6", "0, 0, 6, 0",
    "0, 0, 1, 1", "1, 0, 7, 1", "5, 0, 7, 1", "5, 0, 6, 5", "4, 0, 5, 5", "4, 1, 5, 4"
  })
  void eptAndPatMemoryTypesCombine(int eptType, int ignorePat, int patType, int effective) {
    long typing = ((long) eptType << 3) | ((long) ignorePat << 6);
    g.setEptEntry(PAGE, 1, (g.eptEntry(PAGE, 1) & ~0x78L) | typing);
    g.state.setPat(patType);
    g.access(Access.READ);
    assertEquals(effective, g.result.memoryType());
  }

  @Test
  void suppressVeOfTheLastEntryDecidesConvertibility() {
    g.setEptEntry(PAGE, 1, 0);
    g.access(Access.READ);
    assertTrue(g.result.convertibleToVirtualizationException());
    g.setEptEntry(PAGE, 1, 1L << 63);
    g.access(Access.READ);
    assertFalse(g.result.convertibleToVirtualizationException());
  }

  @ParameterizedTest
  @CsvSource({"12", "21", "30"})
  void whatIsCachedLooksInMemoryForTheBitThatSuppressesVe(int pageShift) {
    long gpa = 0x4000_0000L;
    Scenario s = new Scenario(Scenario.everything());
    GuestTableBuilder space = s.guestSpace();
    EptBuilder ept = s.ept();
    ept.map(gpa, Scenario.HOST + gpa, pageShift, EptRights.READ);
    space.map(LINEAR, gpa, 12, Scenario.RW);
    space.map(LINEAR + 0x1000, gpa + 0x1000, 12, Scenario.RW);
    ept.map(gpa + (1L << pageShift), Scenario.HOST, pageShift, EptRights.READ);
    long leaf = ept.entryAddress(gpa, 1 + (pageShift - 12) / 9);
    s.use(space, 1);
    s.mmu.enterGuest(1, ept.eptp(false));
    s.read(LINEAR); // and after each violation, which drops what is cached of the address
    ept.setEntry(leaf, ept.entry(leaf) | 1L << 63);
    assertEquals(Status.EPT_VIOLATION, s.mmu.translate(LINEAR, 1, Access.WRITE));
    assertFalse(s.mmu.result().convertibleToVirtualizationException());
    s.read(LINEAR);
    ept.setEntry(leaf, ept.entry(leaf) & ~(1L << 63));
    assertEquals(Status.EPT_VIOLATION, s.mmu.translate(LINEAR, 1, Access.WRITE));
    assertTrue(s.mmu.result().convertibleToVirtualizationException());
    s.read(LINEAR);
    ept.setEntry(leaf, 1L << 63);
    assertEquals(Status.EPT_VIOLATION, s.mmu.translate(LINEAR, 1, Access.WRITE));
    assertFalse(s.mmu.result().convertibleToVirtualizationException(), "not present by now");
  }

  @Test
  void anObserverNamedLaterIsToldOfBothDimensions() {
    List<WalkObserver.Dimension> reads = new ArrayList<>();
    NestedWalk walk = new NestedWalk(g.memory, null, null);
    walk.observe((dimension, level, address, entry) -> reads.add(dimension));
    walk.walk(g.state, g.ept.eptp(false), g.features, LINEAR, Access.READ, g.result);
    assertEquals(4, Collections.frequency(reads, WalkObserver.Dimension.GUEST));
    assertEquals(20, Collections.frequency(reads, WalkObserver.Dimension.EPT));
  }
}
