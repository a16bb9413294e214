package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitQualification.ApicAccess;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** "APIC Virtualization and Virtual Interrupts", chapter 29. */
class VirtualApicTest {
  private static final long PAGE = 0x10000;
  private static final long ACCESS_PAGE = 0x11000;
  private static final long DESCRIPTOR = 0x12000;
  private static final int VTPR = 0x80;
  private static final int VPPR = 0xa0;
  private static final int SELF_IPI = 0x83f;
  private static final int EOI = 0x80b;

  private VmxFixture f = VmxFixture.ready();

  private void launch(Control... controls) {
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, PAGE);
    f.write(VmcsField.APIC_ACCESS_ADDRESS, ACCESS_PAGE);
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    for (Control control : controls) {
      f.set(control);
    }
    f.launch();
  }

  private void launchWithDelivery(Control... controls) {
    f.set(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
    launch(controls);
  }

  private int page(int offset) {
    return f.memory.read32(PAGE + offset);
  }

  private void page(int offset, int value) {
    f.memory.write32(PAGE + offset, value);
  }

  /** Sets a vector's bit of VISR or VIRR. */
  private void bit(int register, int vector) {
    int offset = register + vector / 32 * 16;
    page(offset, page(offset) | 1 << vector % 32);
  }

  private boolean hasBit(int register, int vector) {
    return (page(register + vector / 32 * 16) >>> vector % 32 & 1) != 0;
  }

  private void status(int requesting, int serving) {
    f.write(VmcsField.GUEST_INTERRUPT_STATUS, serving << 8 | requesting);
  }

  private StepOutcome wrmsr(int msr, long value) {
    f.state().setRegister(CpuState.RCX, msr);
    f.state().setEdxEax(value);
    return f.sensitive().msrs().wrmsr(2);
  }

  // ---- Virtual interrupts --------------------------------------------------------------------

  @Test
  void virtualInterruptGoesIntoService() {
    bit(0x200, 0x51);
    bit(0x200, 0x31);
    status(0x51, 0);
    launchWithDelivery();
    f.processor.pollEvents();
    assertEquals(List.of(0x51), f.delivered);
    assertEquals(0x51 << 8 | 0x31, f.read(VmcsField.GUEST_INTERRUPT_STATUS));
    assertEquals(0x50, page(VPPR));
    assertTrue(hasBit(0x100, 0x51));
    assertFalse(hasBit(0x200, 0x51));
    f.processor.pollEvents();
    assertEquals(List.of(0x51), f.delivered, "31H is below VPPR");
  }

  @Property(tries = 200)
  void recognitionComparesClasses(
      @ForAll @IntRange(max = 255) int requesting,
      @ForAll @IntRange(max = 255) int serving,
      @ForAll @IntRange(max = 255) int task) {
    f = VmxFixture.ready();
    page(VTPR, task);
    status(requesting, serving);
    launchWithDelivery();
    assertEquals(task >> 4 >= serving >> 4 ? task : serving & 0xf0, page(VPPR));
    f.processor.pollEvents();
    boolean delivers = requesting >> 4 > Math.max(serving >> 4, task >> 4);
    assertEquals(delivers ? List.of(requesting) : List.of(), f.delivered);
  }

  @Test
  void virtualInterruptWaitsForInterruptsToBeEnabledAndWakesFromHalt() {
    status(0x51, 0);
    launchWithDelivery();
    f.state().setRflags(2);
    f.processor.pollEvents();
    assertEquals(List.of(), f.delivered);
    f.state().setRflags(0x202);
    f.state().interruptibility = Interruptibility.STI;
    f.processor.pollEvents();
    assertEquals(List.of(), f.delivered);
    f.state().interruptibility = 0;
    f.state().activity = ActivityState.HLT;
    assertEquals(0, f.processor.pending().cyclesUntilEvent());
    f.processor.pollEvents();
    assertEquals(List.of(0x51), f.delivered);
    assertEquals(ActivityState.ACTIVE, f.state().activity);
  }

  @Test
  void interruptWindowExitingHidesVirtualInterrupts() {
    status(0x51, 0);
    launchWithDelivery(PrimaryControl.INTERRUPT_WINDOW_EXITING);
    f.processor.pollEvents();
    assertEquals(ExitReason.INTERRUPT_WINDOW, f.exitReason());
    assertEquals(List.of(), f.delivered);
  }

  // ---- MSRs ----------------------------------------------------------------------------------

  @Test
  void endOfInterruptServesTheNextOrExits() {
    bit(0x100, 0x71);
    bit(0x100, 0x31);
    bit(0x200, 0x51);
    status(0x51, 0x71);
    f.write(VmcsField.EOI_EXIT_BITMAP_0, 1L << 0x31);
    launchWithDelivery(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
    assertEquals(StepOutcome.DONE, wrmsr(EOI, 0));
    assertFalse(hasBit(0x100, 0x71));
    assertEquals(0x31 << 8 | 0x51, f.read(VmcsField.GUEST_INTERRUPT_STATUS));
    f.processor.pollEvents();
    assertEquals(List.of(0x51), f.delivered);
    assertEquals(StepOutcome.DONE, wrmsr(EOI, 0));
    long rip = f.state().rip;
    assertEquals(StepOutcome.EXIT, wrmsr(EOI, 0));
    assertEquals(ExitReason.EOI_INDUCED, f.exitReason());
    assertEquals(0x31, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(rip + 2, f.read(VmcsField.GUEST_RIP), "trap-like");
  }

  @Test
  void selfIpiRequestsAnInterrupt() {
    launchWithDelivery(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
    assertEquals(StepOutcome.DONE, wrmsr(SELF_IPI, 0x61));
    assertTrue(hasBit(0x200, 0x61));
    f.processor.pollEvents();
    assertEquals(List.of(0x61), f.delivered);
    assertEquals(StepOutcome.EXIT, wrmsr(SELF_IPI, 0x0f));
    assertEquals(ExitReason.APIC_WRITE, f.exitReason());
    assertEquals(0x3f0, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void reservedBitsOfVirtualizedMsrsGetGeneralProtection() {
    launchWithDelivery(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
    wrmsr(0x808, 0x100);
    wrmsr(EOI, 1);
    wrmsr(SELF_IPI, 1L << 32);
    assertEquals(List.of(13, 13, 13), f.delivered);
  }

  @Test
  void taskPriorityIsAnMsrWithoutRegisterVirtualization() {
    page(VTPR, 0xf0);
    f.write(VmcsField.TPR_THRESHOLD, 5);
    launch(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
    f.state().setRegister(CpuState.RCX, 0x808);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().rdmsr(2));
    assertEquals(0xf0, f.state().edxEax());
    assertEquals(StepOutcome.DONE, wrmsr(0x808, 0x50));
    assertEquals(StepOutcome.EXIT, wrmsr(0x808, 0x4f));
    assertEquals(ExitReason.TPR_BELOW_THRESHOLD, f.exitReason());
    assertEquals(0x4f, page(VTPR));
  }

  @Test
  void registerVirtualizationReadsAnyMsrFromThePage() {
    f.memory.write64(PAGE + 0x350, 0x1122_3344_5566_7788L);
    launch(SecondaryControl.VIRTUALIZE_X2APIC_MODE, SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
    f.state().setRegister(CpuState.RCX, 0x835);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().rdmsr(2));
    assertEquals(0x1122_3344_5566_7788L, f.state().edxEax());
  }

  // ---- The APIC-access page ------------------------------------------------------------------

  private static BitSet offsets(int... firstOfFour) {
    BitSet set = new BitSet();
    for (int offset : firstOfFour) {
      set.set(offset);
    }
    return set;
  }

  @Test
  void registerVirtualizationServesTheRegistersThatTheSdmLists() {
    BitSet writes =
        offsets(
            0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x330, 0x340, 0x350,
            0x360, 0x370, 0x380, 0x3e0);
    BitSet reads = offsets(0x30);
    reads.or(writes);
    for (int offset = 0x100; offset < 0x280; offset += 0x10) {
      reads.set(offset);
    }
    launch(
        SecondaryControl.VIRTUALIZE_APIC_ACCESSES, SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
    assertVirtualized(reads, writes);
  }

  @Test
  void otherControlsServeFewerRegisters() {
    launchWithDelivery(SecondaryControl.VIRTUALIZE_APIC_ACCESSES);
    assertVirtualized(offsets(0x80), offsets(0x80, 0xb0, 0x300));
  }

  private void assertVirtualized(BitSet reads, BitSet writes) {
    ApicAccessPage accesses = f.processor.apicAccessPage();
    for (int offset = 0; offset < 4096; offset++) {
      int register = offset & ~3;
      long address = ACCESS_PAGE + offset;
      String at = "offset " + offset;
      assertEquals(reads.get(register), accesses.virtualizes(address, 1, Access.READ), at);
      assertEquals(writes.get(register), accesses.virtualizes(address, 1, Access.WRITE), at);
      boolean aligned = offset == register;
      assertEquals(
          aligned && reads.get(register), accesses.virtualizes(address, 4, Access.READ), at);
      assertFalse(accesses.virtualizes(address, 8, Access.READ), at);
      assertFalse(accesses.virtualizes(address, 1, Access.FETCH), at);
    }
  }

  private void store(int offset, int value) {
    ApicAccessPage accesses = f.processor.apicAccessPage();
    long address = ACCESS_PAGE + offset;
    assertTrue(accesses.virtualizes(address, 4, Access.WRITE));
    f.memory.write32(accesses.redirect(address, 4, Access.WRITE), value);
    assertFalse(accesses.virtualizes(address, 4, Access.READ), "after a write in one operation");
    f.processor.pollEvents();
  }

  @Test
  void writesAreEmulatedBehindTheOperation() {
    page(VTPR, 0xf0);
    launchWithDelivery(
        SecondaryControl.VIRTUALIZE_APIC_ACCESSES, SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
    store(0x310, 0x12345678);
    assertEquals(0x12000000, page(0x310));
    store(0x300, 1 << 18 | 0x61);
    assertTrue(hasBit(0x200, 0x61));
    assertEquals(List.of(), f.delivered, "VTPR is above");
    store(VTPR, 0xffffff00);
    assertEquals(0, page(VTPR));
    assertEquals(List.of(0x61), f.delivered, "on the same boundary");
    store(0xb0, 5);
    assertEquals(0, page(0xb0));
    assertEquals(0, f.read(VmcsField.GUEST_INTERRUPT_STATUS));
    store(0x300, 3 << 18 | 0x61);
    assertEquals(ExitReason.APIC_WRITE, f.exitReason());
    assertEquals(0x300, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void otherAccessesExitWithTheirKindAndOffset() {
    launch(SecondaryControl.VIRTUALIZE_APIC_ACCESSES);
    ApicAccessPage accesses = f.processor.apicAccessPage();
    assertEquals(ACCESS_PAGE >> 12, accesses.frame());
    assertEquals(StepOutcome.EXIT, accesses.exit(ACCESS_PAGE + 0x30, Access.WRITE, 3));
    assertEquals(ExitReason.APIC_ACCESS, f.exitReason());
    assertEquals(
        ApicAccess.encode(0x30, ApicAccess.Type.LINEAR_WRITE),
        f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(-1, accesses.frame(), "not in root operation");
  }

  @Test
  void tprThresholdAboveVtprExitsRightAfterEntry() {
    page(VTPR, 0x30);
    f.write(VmcsField.TPR_THRESHOLD, 4);
    launch(SecondaryControl.VIRTUALIZE_APIC_ACCESSES);
    f.processor.pollEvents();
    assertEquals(ExitReason.TPR_BELOW_THRESHOLD, f.exitReason());
  }

  // ---- Posted interrupts ---------------------------------------------------------------------

  @Test
  void notificationMovesPostedInterruptsIntoThePage() {
    f.set(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    f.write(VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0xf2);
    f.write(VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, DESCRIPTOR);
    launchWithDelivery(PinControl.PROCESS_POSTED_INTERRUPTS);
    f.memory.write64(DESCRIPTOR + 8, 1L << 0x51 | 1L << 0x71);
    f.memory.write64(DESCRIPTOR + 32, 0xff03);
    f.processor.pending().requestInterrupt(0xf2);
    f.processor.pollEvents();
    assertTrue(f.processor.inNonRoot());
    assertEquals(List.of(0x71), f.delivered);
    assertEquals(0, f.memory.read64(DESCRIPTOR + 8));
    assertEquals(0xff02, f.memory.read64(DESCRIPTOR + 32), "outstanding notification is cleared");
    assertEquals(0x71 << 8 | 0x51, f.read(VmcsField.GUEST_INTERRUPT_STATUS));
    f.processor.pending().requestInterrupt(0x30);
    f.processor.pollEvents();
    assertEquals(ExitReason.EXTERNAL_INTERRUPT, f.exitReason());
    assertEquals(0x80000030L, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
  }
}
