package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Controls of translations in the edition of June 2026: sub-page write permissions (31.3.4), EPT
 * paging-write control and guest-paging verification (31.3.3.2), HLAT paging (5.5.1).
 */
class TranslationControlsTest {
  private static final long EPT_PML4 = 0x1_0000;
  private static final long EPT_PDPT = 0x1_1000;
  private static final long EPT_PD = 0x1_2000;
  private static final long EPT_PT = 0x1_3000;
  private static final long SPP = 0x1_4000;
  private static final long HLAT = 0x2_0000;
  private static final long WRITE_BACK_4_LEVELS = 0x1e;
  private static final long ACCESSED_DIRTY = 1 << 6;
  private static final long PAGE = 0x4_0000;
  private static final long WRITABLE = 1 << 1;
  private static final long VERIFY_PAGING = 1L << 57;
  private static final long PAGING_WRITE = 1L << 58;
  private static final long SUB_PAGES = 1L << 61;

  /** Write to the translation of a linear address that was readable and executable. */
  private static final long WRITE_VIOLATION = 0x1aa;

  private static final VmcsField HLATP =
      VmcsField.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER;

  private final VmxFixture f = VmxFixture.ready();

  /** The first 2 MBytes in 4-KByte pages, the rest of 8 MBytes in large ones, all to themselves. */
  TranslationControlsTest() {
    f.memory.write64(EPT_PML4, EPT_PDPT | 7);
    f.memory.write64(EPT_PDPT, EPT_PD | 7);
    f.memory.write64(EPT_PD, EPT_PT | 7);
    for (long i = 1; i < 4; i++) {
      f.memory.write64(EPT_PD + 8 * i, (i << 21) | 0xb7);
    }
    for (long i = 0; i < 512; i++) {
      f.memory.write64(EPT_PT + 8 * i, (i << 12) | 0x37);
    }
    f.set(SecondaryControl.ENABLE_EPT);
    f.write(VmcsField.EPT_POINTER, EPT_PML4 | WRITE_BACK_4_LEVELS);
  }

  private static long entry(long page) {
    return EPT_PT + 8 * (page >>> 12);
  }

  private void change(long page, long clear, long set) {
    f.memory.write64(entry(page), (f.memory.read64(entry(page)) & ~clear) | set);
  }

  private StepOutcome access(long address, int size, int access) {
    return f.processor.memoryAccess().perform(address, size, access);
  }

  /** Without advanced information. */
  private long qualification() {
    return f.read(VmcsField.EXIT_QUALIFICATION) & ~0xe00L;
  }

  // ---- Sub-page write permissions --------------------------------------------------------------

  /** The sub-pages of PAGE are as {@code vector} says, which is found unless a level is missing. */
  private void subPages(long vector, int missingLevel) {
    f.set(SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT);
    f.write(VmcsField.SUB_PAGE_PERMISSION_TABLE_POINTER, SPP);
    for (int level = 4; level > 1; level--) {
      long table = SPP + 0x1000L * (4 - level);
      f.memory.write64(table, (table + 0x1000) | (level == missingLevel ? 0 : 1));
    }
    f.memory.write64(SPP + 0x3000 + 8 * (PAGE >>> 12), vector);
    change(PAGE, WRITABLE, SUB_PAGES);
    f.launch();
  }

  @Test
  void aSubPageMayBeWritten() {
    subPages(1L << (2 * 3), 0);
    assertEquals(StepOutcome.DONE, access(PAGE + 3 * 128 + 5, 8, Access.WRITE));
    assertEquals(PAGE + 3 * 128 + 5, f.processor.memoryAccess().physicalAddress());
  }

  @Test
  void permissionOfOneSubPageIsNotThatOfTheNext() {
    subPages(1L << (2 * 3), 0);
    assertEquals(StepOutcome.DONE, access(PAGE + 3 * 128, 8, Access.WRITE));
    assertEquals(StepOutcome.EXIT, access(PAGE + 4 * 128, 8, Access.WRITE));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
    assertEquals(WRITE_VIOLATION, qualification());
  }

  @Test
  void allSubPagesOfAnAccessMustBeWritable() {
    subPages(1L << (2 * 3), 0);
    assertEquals(StepOutcome.EXIT, access(PAGE + 4 * 128 - 4, 8, Access.WRITE));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
  }

  @Test
  void readsDoNotAsk() {
    subPages(0, 3);
    assertEquals(StepOutcome.DONE, access(PAGE, 8, Access.READ));
  }

  @Test
  void aTableThatIsMissingIsAnEvent() {
    subPages(0x5555555555555555L, 3);
    assertEquals(StepOutcome.EXIT, access(PAGE + 0x10, 8, Access.WRITE));
    assertEquals(ExitReason.SPP_EVENT, f.exitReason());
    assertEquals(1 << 11, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(PAGE + 0x10, f.read(VmcsField.GUEST_PHYSICAL_ADDRESS));
  }

  @Test
  void anOddBitIsAMisconfiguration() {
    subPages(3, 0);
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.WRITE));
    assertEquals(ExitReason.SPP_EVENT, f.exitReason());
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void codeWritesSubPagesUntilOneIsNotWritable() {
    f.state().setRegister(CpuState.RDI, PAGE);
    // mov eax,[rdi]; l: mov [rdi],rdi; add rdi,128; jmp l
    f.memory.writeBytes(
        VmxFixture.GUEST_RIP,
        new byte[] {
          (byte) 0x8b,
          0x07,
          0x48,
          (byte) 0x89,
          0x3f,
          0x48,
          (byte) 0x81,
          (byte) 0xc7,
          (byte) 0x80,
          0,
          0,
          0,
          (byte) 0xeb,
          (byte) 0xf4
        },
        0,
        14);
    Executor.on(f.processor);
    subPages(0x15, 0);
    assertEquals(RunOutcome.EXIT, f.processor.run(100));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
    assertEquals(PAGE + 3 * 128, f.read(VmcsField.GUEST_PHYSICAL_ADDRESS));
    assertEquals(PAGE + 2 * 128, f.memory.read64(PAGE + 2 * 128));
    assertEquals(0, f.memory.read64(PAGE + 3 * 128));
  }

  // ---- EPT paging-write control ----------------------------------------------------------------

  private static final long DIRECTORY = VmxFixture.PML4 + 0x2000;

  @Test
  void guestPagingMayUpdatePagesThatSoftwareMayNotWrite() {
    f.set(TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    change(DIRECTORY, WRITABLE, PAGING_WRITE);
    f.launch();
    assertEquals(StepOutcome.DONE, access(PAGE, 8, Access.WRITE));
    assertEquals(0x60, f.memory.read64(DIRECTORY) & 0x60, "accessed and dirty");
    assertEquals(StepOutcome.EXIT, access(DIRECTORY, 8, Access.WRITE));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
  }

  @Test
  void withFlagsForEptReadsOfGuestPagingAreSuchUpdates() {
    f.write(VmcsField.EPT_POINTER, EPT_PML4 | WRITE_BACK_4_LEVELS | ACCESSED_DIRTY);
    f.set(TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    change(DIRECTORY, WRITABLE, PAGING_WRITE);
    f.launch();
    assertEquals(StepOutcome.DONE, access(PAGE, 8, Access.READ));
    assertEquals(0x300, f.memory.read64(entry(DIRECTORY)) & 0x300);
  }

  @Test
  void withoutTheControlTheBitIsIgnored() {
    change(DIRECTORY, WRITABLE, PAGING_WRITE);
    f.launch();
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.READ));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
  }

  @Test
  void tablesThatAreNotWritableForbidUpdatesAllTheSame() {
    f.set(TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    f.memory.write64(EPT_PD, EPT_PT | 5);
    change(DIRECTORY, WRITABLE, PAGING_WRITE);
    f.launch();
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.READ));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
  }

  @Test
  void updatesOfWhatCannotBeReadAreAMisconfiguration() {
    f.set(TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    change(PAGE, 3, PAGING_WRITE);
    f.launch();
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.READ));
    assertEquals(ExitReason.EPT_MISCONFIG, f.exitReason());
  }

  // ---- Guest-paging verification ---------------------------------------------------------------

  private void verifying() {
    f.set(TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    f.set(TertiaryControl.GUEST_PAGING_VERIFICATION);
    change(PAGE, 0, VERIFY_PAGING);
    for (long table = VmxFixture.PML4; table <= DIRECTORY; table += 0x1000) {
      change(table, 0, PAGING_WRITE);
    }
  }

  @Test
  void aPageReachedThroughGuardedStructuresPasses() {
    verifying();
    f.launch();
    assertEquals(StepOutcome.DONE, access(PAGE, 8, Access.READ));
  }

  @Test
  void oneStructureThatIsNotGuardedIsAViolation() {
    verifying();
    change(VmxFixture.PML4 + 0x1000, PAGING_WRITE, 0);
    f.launch();
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.READ));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
    assertEquals(1 << 15, f.read(VmcsField.EXIT_QUALIFICATION) & (1 << 15));
    assertEquals(PAGE, f.read(VmcsField.GUEST_PHYSICAL_ADDRESS));
  }

  @Test
  void pagesThatDoNotAskAreNotVerified() {
    verifying();
    change(VmxFixture.PML4 + 0x1000, PAGING_WRITE, 0);
    f.launch();
    assertEquals(StepOutcome.DONE, access(PAGE + 0x1000, 8, Access.READ));
  }

  // ---- HLAT paging -----------------------------------------------------------------------------

  /** HLAT structures map linear 40000H to 60000H; nothing else but what restarts. */
  private void hlat(int prefix, long pageTableEntry) {
    f.set(TertiaryControl.ENABLE_HLAT);
    f.write(HLATP, HLAT);
    f.write(VmcsField.HLAT_PREFIX_SIZE, prefix);
    f.memory.write64(HLAT, (HLAT + 0x1000) | 7);
    f.memory.write64(HLAT + 0x1000, (HLAT + 0x2000) | 7);
    f.memory.write64(HLAT + 0x2000, (HLAT + 0x3000) | 7);
    f.memory.write64(HLAT + 0x3000 + 8 * (PAGE >>> 12), pageTableEntry);
    f.launch();
  }

  @Test
  void linearAddressesGoThroughTheStructuresOfTheHypervisor() {
    hlat(0, 0x6_0000 | 7);
    assertEquals(StepOutcome.DONE, access(PAGE + 8, 8, Access.READ));
    assertEquals(0x6_0008, f.processor.memoryAccess().physicalAddress());
  }

  @Test
  void anEntryMayRestartWithOrdinaryPaging() {
    hlat(0, 0x6_0000 | (1 << 11) | 7);
    assertEquals(StepOutcome.DONE, access(PAGE + 8, 8, Access.READ));
    assertEquals(PAGE + 8, f.processor.memoryAccess().physicalAddress());
  }

  @Test
  void whatHlatPagingDoesNotTranslateIsAPageFaultOfItsKind() {
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    hlat(0, 0);
    assertEquals(StepOutcome.EXIT, access(PAGE, 8, Access.WRITE));
    assertEquals(1 << 7 | 2, f.read(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE));
  }

  @Test
  void withAPrefixTheLowerHalfIsOrdinary() {
    hlat(1, 0x6_0000 | 7);
    assertEquals(StepOutcome.DONE, access(PAGE, 8, Access.READ));
    assertEquals(PAGE, f.processor.memoryAccess().physicalAddress());
    assertEquals(List.of(), f.delivered);
  }
}
