package io.vmxsim.ept;

import static io.vmxsim.ept.GuestOnEpt.LINEAR;
import static io.vmxsim.ept.GuestOnEpt.PAGE;
import static io.vmxsim.ept.GuestOnEpt.RW_USER;
import static io.vmxsim.ept.PagingMode.BITS32;
import static io.vmxsim.ept.PagingMode.FIVE_LEVEL;
import static io.vmxsim.ept.PagingMode.FOUR_LEVEL;
import static io.vmxsim.ept.PagingMode.PAE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.WalkResult.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SDM chapter 4, one example per rule. */
class GuestWalkTest {
  private static final int NO_FAULT = -1;
  private static final int USER_READ = Access.READ | Access.USER;
  private static final int USER_WRITE = Access.WRITE | Access.USER;
  private static final int USER_FETCH = Access.FETCH | Access.USER;

  @ParameterizedTest
  @CsvSource({
    "BITS32, 12",
    "BITS32, 22",
    "PAE, 12",
    "PAE, 21",
    "FOUR_LEVEL, 12",
    "FOUR_LEVEL, 21",
    "FOUR_LEVEL, 30",
    "FIVE_LEVEL, 12",
    "FIVE_LEVEL, 21",
    "FIVE_LEVEL, 30"
  })
  void everyModeTranslatesThroughEveryPageSize(PagingMode mode, int pageShift) {
    GuestOnEpt g = GuestOnEpt.bare(mode, pageShift, RW_USER);
    assertEquals(Status.OK, g.access(USER_WRITE));
    assertEquals(PAGE | (LINEAR & ((1L << pageShift) - 1)), g.result.physicalAddress());
    assertEquals(pageShift, g.result.pageShift());
  }

  /** The reserved bits of 4.3, 4.4.2, 4.5 with MAXPHYADDR 46; all other bits are not reserved. */
  @ParameterizedTest
  @CsvSource({
    // mode, page, level, reserved bits of the entry as a mask
    "BITS32,     12, 2, 0",
    "BITS32,     12, 1, 0",
    "BITS32,     22, 2, 200000", // 21:(M-19), M = min(40, MAXPHYADDR)
    "PAE,        12, 2, 7fffc00000000000", // 62:46
    "PAE,        12, 1, 7fffc00000000000",
    "PAE,        21, 2, 7fffc000001fe000", // 62:46, 20:13
    "FIVE_LEVEL, 12, 5, fc00000000080", // 51:46, PS
    "FOUR_LEVEL, 12, 4, fc00000000080",
    "FOUR_LEVEL, 12, 3, fc00000000000",
    "FOUR_LEVEL, 30, 3, fc0003fffe000", // 51:46, 29:13
    "FOUR_LEVEL, 12, 2, fc00000000000",
    "FOUR_LEVEL, 21, 2, fc000001fe000", // 51:46, 20:13
    "FOUR_LEVEL, 12, 1, fc00000000000",
  })
  void setReservedBitFaults(PagingMode mode, int pageShift, int level, String mask) {
    long reserved = Long.parseLong(mask, 16);
    int width = mode == BITS32 ? 32 : 64;
    for (int bit = 1; bit < width; bit++) {
      if (bit == 7 && level < 4) {
        continue; // PS: another format
      }
      GuestOnEpt g = GuestOnEpt.bare(mode, pageShift, RW_USER);
      g.setGuestEntry(level, g.guestEntry(level) | (1L << bit));
      boolean isReserved = ((reserved >>> bit) & 1) != 0;
      int code = g.errorCode(USER_READ);
      assertEquals(isReserved, code >= 0 && (code & (1 << 3)) != 0, "bit " + bit);
      if (isReserved) {
        assertEquals(0b1101, code, "P, U/S, RSVD");
      }
    }
  }

  @Test
  void executeDisableIsReservedWhileNxeIsClear() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER | GuestTableBuilder.EXECUTE_DISABLE);
    assertEquals(NO_FAULT, g.errorCode(USER_READ));
    g.state.setEfer(PagingState.EFER_LME);
    assertEquals(0b1101, g.errorCode(USER_READ));
  }

  @Test
  void pageSizeOfPdpteIsReservedWithoutOneGigabytePages() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 30, RW_USER);
    g.state.setPage1GSupported(false);
    assertEquals(0b1101, g.errorCode(USER_READ));
  }

  @Test
  void pageSizeIsIgnoredIn32BitPagingWhilePseIsClear() {
    GuestOnEpt g = GuestOnEpt.bare(BITS32, 12, RW_USER);
    g.setGuestEntry(2, g.guestEntry(2) | 1 << 7);
    g.state.setCr4(0);
    assertEquals(Status.OK, g.access(USER_READ));
    assertEquals(PAGE, g.result.physicalAddress());
  }

  @Test
  void pse36GivesBits20To13OfThePdeToTheAddress() {
    GuestOnEpt g = GuestOnEpt.bare(BITS32, 22, RW_USER);
    g.setGuestEntry(2, g.guestEntry(2) | 0xa5 << 13);
    assertEquals(Status.OK, g.access(USER_READ));
    assertEquals(0xa5_0000_0000L | PAGE | (LINEAR & 0x3f_ffff), g.result.physicalAddress());
    g.state.setPse36Supported(false);
    assertEquals(0b1101, g.errorCode(USER_READ));
  }

  @Test
  void absentEntryFaultsWithoutReservedBitsBeingChecked() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    g.setGuestEntry(2, ~1L);
    assertEquals(0b0110, g.errorCode(USER_WRITE));
  }

  @Test
  void absentPdpteRegisterFaultsWhateverMemorySays() {
    GuestOnEpt g = GuestOnEpt.bare(PAE, 12, RW_USER);
    g.state.setPdpte((int) (LINEAR >>> 30), 0);
    assertEquals(0b0100, g.errorCode(USER_READ));
  }

  @Test
  void pageWalkOfPaeUsesPdpteRegistersNotMemory() {
    GuestOnEpt g = GuestOnEpt.bare(PAE, 12, RW_USER);
    g.setGuestEntry(3, 0);
    assertEquals(NO_FAULT, g.errorCode(USER_READ));
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3", "4"})
  void readOnlyAndSupervisorAtAnyLevelDecide(int level) {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    long entry = g.guestEntry(level);
    g.setGuestEntry(level, entry & ~GuestTableBuilder.WRITE);
    assertEquals(0b0111, g.errorCode(USER_WRITE));
    assertEquals(0b0011, g.errorCode(Access.WRITE));
    g.state.setCr0(PagingState.CR0_PG);
    assertEquals(NO_FAULT, g.errorCode(Access.WRITE), "CR0.WP = 0");
    assertEquals(0b0111, g.errorCode(USER_WRITE), "CR0.WP does not matter at CPL 3");

    g.setGuestEntry(level, entry & ~GuestTableBuilder.USER);
    assertEquals(0b0101, g.errorCode(USER_READ));
    assertEquals(NO_FAULT, g.errorCode(Access.READ));
    assertEquals(NO_FAULT, g.errorCode(USER_READ | Access.IMPLICIT), "implicit: supervisor-mode");

    g.setGuestEntry(level, entry | GuestTableBuilder.EXECUTE_DISABLE);
    assertEquals(0b10101, g.errorCode(USER_FETCH));
    assertEquals(NO_FAULT, g.errorCode(USER_READ));
  }

  @Test
  void smepForbidsSupervisorFetchesFromUserPages() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    assertEquals(NO_FAULT, g.errorCode(Access.FETCH));
    g.state.setCr4(g.state.cr4() | PagingState.CR4_SMEP);
    assertEquals(0b10001, g.errorCode(Access.FETCH));
    assertEquals(NO_FAULT, g.errorCode(USER_FETCH));
  }

  @Test
  void smapForbidsSupervisorDataAccessUnlessExplicitWithAc() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    g.state.setCr4(g.state.cr4() | PagingState.CR4_SMAP);
    assertEquals(0b00001, g.errorCode(Access.READ));
    assertEquals(0b00011, g.errorCode(Access.WRITE));
    g.state.setRflagsAc(true);
    assertEquals(NO_FAULT, g.errorCode(Access.READ));
    assertEquals(0b00001, g.errorCode(Access.READ | Access.IMPLICIT));
    assertEquals(NO_FAULT, g.errorCode(Access.FETCH), "SMAP is about data");
  }

  @Test
  void protectionKeyGovernsDataAccessesToUserPages() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER | 3L << 59);
    g.state.setPkru(0b01 << 6); // AD of key 3
    assertEquals(NO_FAULT, g.errorCode(USER_READ), "CR4.PKE = 0");
    g.state.setCr4(g.state.cr4() | PagingState.CR4_PKE);
    assertEquals(0b100101, g.errorCode(USER_READ));
    assertEquals(0b100001, g.errorCode(Access.READ));
    assertEquals(NO_FAULT, g.errorCode(USER_FETCH));
    g.state.setPkru(0b10 << 6); // WD of key 3
    assertEquals(NO_FAULT, g.errorCode(USER_READ));
    assertEquals(0b100111, g.errorCode(USER_WRITE));
    assertEquals(0b100011, g.errorCode(Access.WRITE));
    g.state.setCr0(PagingState.CR0_PG);
    assertEquals(NO_FAULT, g.errorCode(Access.WRITE), "CR0.WP = 0");
  }

  @Test
  void supervisorProtectionKeyGovernsDataAccessesToSupervisorPages() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, GuestTableBuilder.WRITE | 3L << 59);
    g.state.setPkrs(0b10 << 6);
    g.state.setPkru(-1);
    g.state.setCr4(g.state.cr4() | PagingState.CR4_PKS | PagingState.CR4_PKE);
    assertEquals(NO_FAULT, g.errorCode(Access.READ));
    assertEquals(0b100011, g.errorCode(Access.WRITE));
    g.state.setPkrs(0b01 << 6);
    assertEquals(0b100001, g.errorCode(Access.READ));
  }

  @Test
  void fetchIsReportedOnlyWithSmepOrNxe() {
    GuestOnEpt g = GuestOnEpt.bare(BITS32, 12, 0);
    assertEquals(0b00101, g.errorCode(USER_FETCH));
    g.state.setCr4(g.state.cr4() | PagingState.CR4_SMEP);
    assertEquals(0b10101, g.errorCode(USER_FETCH));
  }

  @Test
  void readSetsAccessedAndWriteAlsoDirtyInTheEntryThatMapsThePage() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    assertEquals(Status.OK, g.access(USER_READ));
    assertFalse(g.result.dirty());
    assertEquals(0, g.guestEntry(1) & 0x60, "a walk writes nothing");
    g.result.applyUpdates(g.memory);
    for (int level = 1; level <= 4; level++) {
      assertEquals(1 << 5, g.guestEntry(level) & 0x60, "level " + level);
    }
    assertEquals(Status.OK, g.access(USER_WRITE));
    assertEquals(1, g.result.updateCount());
    assertTrue(g.result.dirty());
    g.result.applyUpdates(g.memory);
    assertEquals(0x60, g.guestEntry(1) & 0x60);
    assertEquals(0x20, g.guestEntry(2) & 0x60, "no dirty flag where no page is mapped");
  }

  @Test
  void flagsOf32BitEntriesLeaveTheNeighbourAlone() {
    GuestOnEpt g = GuestOnEpt.bare(BITS32, 12, RW_USER);
    long neighbour = g.guestEntryAddress(1) ^ 4;
    g.memory.write32(neighbour, 0x1234_5000);
    g.access(USER_WRITE);
    g.result.applyUpdates(g.memory);
    assertEquals(0x1234_5000, g.memory.read32(neighbour));
    assertEquals(0x60, g.guestEntry(1) & 0x60);
  }

  @Test
  void protectionViolationSetsAccessedAboveThePageOnly() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 12, GuestTableBuilder.USER);
    assertEquals(0b0111, g.errorCode(USER_WRITE));
    g.result.applyUpdates(g.memory);
    assertEquals(1 << 5, g.guestEntry(2) & 0x60);
    assertEquals(0, g.guestEntry(1) & 0x60);
  }

  @Test
  void translationIsGlobalOnlyWithPge() {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, 21, RW_USER | GuestTableBuilder.GLOBAL);
    g.access(USER_READ);
    assertFalse(g.result.global());
    g.state.setCr4(g.state.cr4() | PagingState.CR4_PGE);
    g.access(USER_READ);
    assertTrue(g.result.global());
  }

  @Test
  void withoutPagingALinearAddressIsAPhysicalAddress() {
    GuestOnEpt g = GuestOnEpt.bare(FIVE_LEVEL, 12, 0);
    g.state.setControlRegisters(0, 0, 0, 0);
    assertEquals(Status.OK, g.access(USER_WRITE));
    assertEquals(LINEAR, g.result.physicalAddress());
    assertEquals(PagingMode.NO_PAGE_SHIFT, g.result.pageShift());
  }

  @ParameterizedTest
  @CsvSource({"12, 7", "21, 12", "30, 12"})
  void patPcdAndPwtOfThePageSelectTheMemoryType(int pageShift, int patBit) {
    GuestOnEpt g = GuestOnEpt.bare(FOUR_LEVEL, pageShift, RW_USER | 1L << patBit | 1 << 3);
    g.state.setPat(0x0007_0105_0007_0406L); // entry 5 is WC
    g.access(USER_READ);
    assertEquals(MemoryType.WC, g.result.memoryType());
    g.state.setCr0(g.state.cr0() | PagingState.CR0_CD);
    g.access(USER_READ);
    assertEquals(MemoryType.UC, g.result.memoryType());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void bits31And30SelectThePdpteRegister(int index) {
    GuestOnEpt g = GuestOnEpt.bare(PAE, 12, RW_USER);
    long pdpte = g.state.pdpte((int) (LINEAR >>> 30));
    GuestWalk walk = new GuestWalk(g.memory, null, null);
    long linear = (LINEAR & 0x3fff_ffff) | ((long) index << 30);
    for (int i = 0; i < 4; i++) {
      g.state.setPdpte(i, i == index ? pdpte : 0);
    }
    assertEquals(Status.OK, walk.walk(g.state, linear, Access.READ, g.result));
    assertEquals(PAGE, g.result.physicalAddress());
    g.state.setPdpte(index, pdpte & ~GuestTableBuilder.PRESENT);
    assertEquals(Status.PAGE_FAULT, walk.walk(g.state, linear, Access.READ, g.result));
  }

  @Test
  void bitsOfCr3ThatHoldNoAddressDoNotMatter() {
    GuestOnEpt g = GuestOnEpt.bare(BITS32, 12, RW_USER);
    g.state.setCr3(g.state.cr3() | 0xfffL | 1L << 32);
    assertEquals(NO_FAULT, g.errorCode(USER_READ), "bits 11:0, and those beyond 31");
    GuestOnEpt g4 = GuestOnEpt.bare(FOUR_LEVEL, 12, RW_USER);
    g4.state.setCr3(g4.state.cr3() | 0xfffL);
    assertEquals(NO_FAULT, g4.errorCode(USER_READ));
  }
}
