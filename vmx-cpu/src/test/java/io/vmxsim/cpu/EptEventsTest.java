package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import org.junit.jupiter.api.Test;

/** "Page-Modification Logging" (28.2.5) and "Virtualization Exceptions" (25.5.6). */
class EptEventsTest {
  private static final long EPT_PML4 = 0x1_0000;
  private static final long EPT_PDPT = 0x1_1000;
  private static final long EPT_PD = 0x1_2000;
  private static final long EPT_PT = 0x1_3000;
  private static final long LOG = 0x2_0000;
  private static final long VE_AREA = 0x2_1000;
  private static final long WRITE_BACK_4_LEVELS = 0x1e;
  private static final long ACCESSED_DIRTY = 1 << 6;
  private static final long SUPPRESS_VE = 1L << 63;
  private static final long PAGE = 0x4_0000;

  // ---- Page-modification logging ---------------------------------------------------------------

  @Test
  void aWriteThatMakesAPageDirtyIsLoggedOnce() {
    VmxFixture f = logging(511);
    assertEquals(
        StepOutcome.DONE, f.processor.memoryAccess().perform(PAGE + 0x123, 1, Access.WRITE));
    // The walk of the guest's tables is treated as writes to them: 3 tables, then the page.
    assertEquals(507, f.read(VmcsField.PML_INDEX));
    assertEquals(VmxFixture.PML4, f.memory.read64(LOG + 8 * 511));
    assertEquals(PAGE, f.memory.read64(LOG + 8 * 508), "bits 11:0 are 0");
    assertEquals(
        StepOutcome.DONE, f.processor.memoryAccess().perform(PAGE + 0x456, 1, Access.WRITE));
    assertEquals(507, f.read(VmcsField.PML_INDEX));
  }

  @Test
  void theIndexPassesFrom0ToFfffh() {
    VmxFixture f = logging(3);
    assertEquals(StepOutcome.DONE, f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE));
    assertEquals(0xffff, f.read(VmcsField.PML_INDEX));
    assertEquals(PAGE, f.memory.read64(LOG));
  }

  @Test
  void aFullLogExitsAndTheWriteHappensAfterItWasEmptied() {
    VmxFixture f = logging(2);
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE));
    assertEquals(ExitReason.PML_FULL, f.exitReason());
    assertEquals(CpuState.RF | 2, f.read(VmcsField.GUEST_RFLAGS), "RF as for EPT violations");
    assertEquals(0, f.memory.read64(EPT_PT + 8 * (PAGE >>> 12)) & 0x300, "no flag is set");
    f.write(VmcsField.PML_INDEX, 511);
    f.vmx().vmresume();
    assertEquals(StepOutcome.DONE, f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE));
    assertEquals(PAGE, f.memory.read64(LOG + 8 * 511));
  }

  private static VmxFixture logging(int index) {
    VmxFixture f = withEpt();
    f.write(VmcsField.EPT_POINTER, EPT_PML4 | WRITE_BACK_4_LEVELS | ACCESSED_DIRTY);
    f.set(SecondaryControl.ENABLE_PML);
    f.write(VmcsField.PML_ADDRESS, LOG);
    f.write(VmcsField.PML_INDEX, index);
    f.launch();
    return f;
  }

  // ---- Virtualization exceptions ---------------------------------------------------------------

  @Test
  void aConvertibleViolationBecomesException20WithItsInformationInMemory() {
    VmxFixture f = excepting(0);
    assertEquals(
        StepOutcome.FAULTED, f.processor.memoryAccess().perform(PAGE + 0x123, 1, Access.WRITE));
    assertEquals(List.of(20), f.delivered);
    assertEquals(48, f.memory.read32(VE_AREA));
    assertEquals(-1, f.memory.read32(VE_AREA + 4));
    assertEquals(0x182, f.memory.read64(VE_AREA + 8) & 0x1ff, "a write to the translation");
    assertEquals(PAGE + 0x123, f.memory.read64(VE_AREA + 16));
    assertEquals(PAGE + 0x123, f.memory.read64(VE_AREA + 24));
    assertEquals(7, f.memory.read16(VE_AREA + 32), "the EPTP index");
  }

  @Test
  void whileTheAreaIsInUseAndWhereTheEntrySuppressesItTheViolationExits() {
    VmxFixture busy = excepting(0);
    busy.memory.write32(VE_AREA + 4, 1);
    assertViolates(busy);
    assertViolates(excepting(SUPPRESS_VE));
  }

  @Test
  void anInterceptedOneExitsAsAHardwareExceptionWithoutErrorCode() {
    VmxFixture f = excepting(0);
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 20);
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE));
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
    assertEquals(0x8000_0314L, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
  }

  @Test
  void aViolationDuringEventDeliveryExits() {
    VmxFixture f = excepting(0);
    f.duringDelivery = () -> f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE);
    assertEquals(StepOutcome.EXIT, f.processor.raise(EventDelivery.INVALID_OPCODE, 0, 0));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
    assertEquals(0x8000_0306L, f.read(VmcsField.IDT_VECTORING_INFORMATION));
  }

  private static void assertViolates(VmxFixture f) {
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(PAGE, 1, Access.WRITE));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
  }

  /** A guest whose page at PAGE is not present under EPT. */
  private static VmxFixture excepting(long notPresentEntry) {
    VmxFixture f = withEpt();
    f.memory.write64(EPT_PT + 8 * (PAGE >>> 12), notPresentEntry);
    f.write(VmcsField.EPT_POINTER, EPT_PML4 | WRITE_BACK_4_LEVELS);
    f.set(SecondaryControl.EPT_VIOLATION_VE);
    f.write(VmcsField.VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, VE_AREA);
    f.write(VmcsField.EPTP_INDEX, 7);
    f.launch();
    return f;
  }

  /** The first 2 MBytes are mapped to themselves in pages of 4 KBytes. */
  private static VmxFixture withEpt() {
    VmxFixture f = VmxFixture.ready();
    f.memory.write64(EPT_PML4, EPT_PDPT | 7);
    f.memory.write64(EPT_PDPT, EPT_PD | 7);
    f.memory.write64(EPT_PD, EPT_PT | 7);
    for (int i = 0; i < 512; i++) {
      f.memory.write64(EPT_PT + 8L * i, (long) i << 12 | 0x37);
    }
    f.set(SecondaryControl.ENABLE_EPT);
    return f;
  }
}
