package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static io.vmxsim.cpu.VmxFixture.HOST_RIP;
import static io.vmxsim.cpu.VmxFixture.MSR_AREA;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.DiagnosisText;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** "VM Entries" (chapter 26). */
class VmEntryTest {
  private static final long ENTRY_FAILURE = 1L << 31;

  @Test
  void entryLoadsTheGuestState() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_FS_BASE, 0x7000_1000L);
    f.write(VmcsField.GUEST_IA32_SYSENTER_EIP, 0x1234);
    f.write(VmcsField.GUEST_IDTR_BASE, 0x9999);
    f.write(VmcsField.GUEST_CS_SELECTOR, 0x33);
    f.write(VmcsField.GUEST_CS_ACCESS_RIGHTS, Segment.FLAT_CODE | Segment.LONG | 3 << 5);
    f.write(VmcsField.GUEST_SS_SELECTOR, 0x2b);
    f.write(VmcsField.GUEST_SS_ACCESS_RIGHTS, Segment.FLAT_DATA | 3 << 5);
    f.launch();
    assertTrue(f.processor.inNonRoot());
    assertEquals(GUEST_RIP, f.state().rip);
    assertEquals(0x41_0000, f.state().register(CpuState.RSP));
    assertEquals(0x7000_1000L, f.state().base(Segment.FS));
    assertEquals(0x1234, f.processor.msrs().get(Msr.IA32_SYSENTER_EIP));
    assertEquals(0x9999, f.state().idtrBase);
    assertEquals(3, f.state().cpl());
    assertTrue(f.state().in64BitMode());
  }

  @ParameterizedTest
  @CsvSource({
    "PIN_BASED_VM_EXECUTION_CONTROLS, 0",
    "PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0",
    "VM_EXIT_CONTROLS, 0",
    "VM_ENTRY_CONTROLS, 0",
    "CR3_TARGET_COUNT, 5",
    "ADDRESS_OF_MSR_BITMAPS, 4097",
    "ADDRESS_OF_MSR_BITMAPS, 4611686018427387904",
    "VM_ENTRY_INTERRUPTION_INFORMATION, 2147483904", // type 1
    "VM_ENTRY_INTERRUPTION_INFORMATION, 2147484163", // NMI with vector 3
    "VM_ENTRY_INTERRUPTION_INFORMATION, 2147484448", // hardware exception 32
    "VM_ENTRY_INTERRUPTION_INFORMATION, 2147487744" // reserved bit 12
  })
  void invalidControlsAreError7(VmcsField field, long value) {
    VmxFixture f = VmxFixture.ready();
    f.write(field, value);
    assertFailsWith(f, 7);
  }

  @Test
  void controlsThatNeedOtherControlsAreError7() {
    assertControlsFail(PinControl.VIRTUAL_NMIS);
    assertControlsFail(PinControl.NMI_EXITING, PrimaryControl.NMI_WINDOW_EXITING);
    assertControlsFail(SecondaryControl.ENABLE_VPID); // VPID 0000H
    assertControlsFail(SecondaryControl.ENABLE_EPT); // EPTP 0: walk length 1
    assertControlsFail(SecondaryControl.UNRESTRICTED_GUEST);
    assertControlsFail(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE);
  }

  private static void assertControlsFail(Control... controls) {
    VmxFixture f = VmxFixture.ready();
    for (Control control : controls) {
      f.set(control);
    }
    assertFailsWith(f, 7);
  }

  @ParameterizedTest
  @CsvSource({
    "HOST_CR0, 0",
    "HOST_CR4, 0",
    "HOST_CR3, 1152921504606846976",
    "HOST_CS_SELECTOR, 0",
    "HOST_TR_SELECTOR, 0",
    "HOST_DS_SELECTOR, 3",
    "HOST_FS_SELECTOR, 4",
    "HOST_GS_BASE, 4611686018427387904",
    "HOST_IA32_SYSENTER_ESP, 4611686018427387904",
    "HOST_RIP, 4611686018427387904"
  })
  void invalidHostStateIsError8(VmcsField field, long value) {
    VmxFixture f = VmxFixture.ready();
    f.write(field, value);
    assertFailsWith(f, 8);
  }

  private static void assertFailsWith(VmxFixture f, int error) {
    assertEquals(VmxOutcome.FAIL_VALID, f.vmx().vmlaunch());
    assertEquals(error, f.read(VmcsField.VM_INSTRUCTION_ERROR));
    assertFalse(f.processor.inNonRoot());
  }

  @ParameterizedTest
  @CsvSource({
    "GUEST_CR0, 0, 0",
    "GUEST_CR0, 2147483680, 0", // PG without PE
    "GUEST_CR4, 0, 0",
    "GUEST_RFLAGS, 0, 0",
    "GUEST_RFLAGS, 10, 0", // reserved bit 3
    "GUEST_TR_ACCESS_RIGHTS, 65536, 0",
    "GUEST_ACTIVITY_STATE, 4, 0",
    "GUEST_INTERRUPTIBILITY_STATE, 3, 0",
    "GUEST_INTERRUPTIBILITY_STATE, 1, 0", // STI with IF = 0
    "VMCS_LINK_POINTER, 8, 4"
  })
  void invalidGuestStateFailsTheEntryWithTheHostStateLoaded(
      VmcsField field, long value, int qualification) {
    VmxFixture f = VmxFixture.ready();
    f.write(field, value);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0306L); // #UD, stays valid
    assertEquals(VmxOutcome.ENTRY_FAILED, f.vmx().vmlaunch());
    assertEquals(ENTRY_FAILURE | 33, f.read(VmcsField.EXIT_REASON));
    assertEquals(qualification, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(value, f.read(field));
    assertEquals(0x8000_0306L, f.read(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION));
    assertEquals(HOST_RIP, f.state().rip);
    assertFalse(f.processor.inNonRoot());
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0);
    assertEquals(VmxOutcome.FAIL_VALID, f.vmx().vmresume(), "launch state stays clear");
  }

  @Test
  void aBadEntryOfTheMsrLoadAreaIsReason34WithItsNumber() {
    VmxFixture f = VmxFixture.ready();
    f.memory.write32(MSR_AREA, Msr.IA32_LSTAR.address());
    f.memory.write64(MSR_AREA + 8, 0x1234);
    f.memory.write32(MSR_AREA + 16, Msr.IA32_FS_BASE.address());
    f.write(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, MSR_AREA);
    f.write(VmcsField.VM_ENTRY_MSR_LOAD_COUNT, 2);
    assertEquals(VmxOutcome.ENTRY_FAILED, f.vmx().vmlaunch());
    assertEquals(ENTRY_FAILURE | 34, f.read(VmcsField.EXIT_REASON));
    assertEquals(2, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void msrListsAreLoadedAndStored() {
    VmxFixture f = VmxFixture.ready();
    f.memory.write32(MSR_AREA, Msr.IA32_LSTAR.address());
    f.memory.write64(MSR_AREA + 8, 0x1234);
    f.write(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, MSR_AREA);
    f.write(VmcsField.VM_ENTRY_MSR_LOAD_COUNT, 1);
    f.write(VmcsField.VM_EXIT_MSR_STORE_ADDRESS, MSR_AREA);
    f.write(VmcsField.VM_EXIT_MSR_STORE_COUNT, 1);
    f.launch();
    assertEquals(0x1234, f.processor.msrs().get(Msr.IA32_LSTAR));
    f.processor.msrs().set(Msr.IA32_LSTAR, 0x5678);
    f.sensitive().cpuid(2);
    assertEquals(0x5678, f.memory.read64(MSR_AREA + 8));
  }

  @Test
  void entryInjectsAnEventThroughTheGuestsIdt() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    f.write(VmcsField.GUEST_ACTIVITY_STATE, ActivityState.HLT);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0030L);
    f.launch();
    assertEquals(List.of(0x30), f.delivered);
    assertEquals(ActivityState.ACTIVE, f.state().activity, "26.6.2: a vectoring entry is active");
    f.sensitive().cpuid(2);
    assertEquals(
        0x30, f.read(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION), "27.2: the valid bit is clear");
  }

  @Test
  void injectedSoftwareEventsReturnBehindTheirInstruction() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0480L); // INT 80H
    f.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, 2);
    f.launch();
    assertEquals(GUEST_RIP + 2, f.state().rip);
    assertEquals(List.of(0x80), f.delivered);
  }

  @Test
  void anEventThatCannotBeDeliveredIsReportedAsIdtVectoring() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0030L);
    f.duringDelivery = () -> f.processor.raise(14, 2, 0xdead000L);
    f.launch();
    assertFalse(f.processor.inNonRoot());
    assertEquals(RunOutcome.EXIT, f.processor.run(1));
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
    assertEquals(0x8000_0030L, f.read(VmcsField.IDT_VECTORING_INFORMATION));
    assertEquals(0x8000_0b0eL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(0xdead000L, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void injectingAnInterruptNeedsIf() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0030L);
    assertEquals(VmxOutcome.ENTRY_FAILED, f.vmx().vmlaunch());
    assertEquals(ENTRY_FAILURE | 33, f.read(VmcsField.EXIT_REASON));
  }

  @Test
  void efferOfTheGuestFollowsIa32eModeGuestUnlessItIsLoaded() {
    VmxFixture f = VmxFixture.ready();
    f.set(EntryControl.LOAD_IA32_EFER);
    f.write(VmcsField.GUEST_IA32_EFER, CpuState.EFER_LMA | CpuState.EFER_LME);
    f.launch();
    assertEquals(CpuState.EFER_LMA | CpuState.EFER_LME, f.state().efer());
  }

  @ParameterizedTest
  @CsvSource({"CR3_TARGET_COUNT, 5, 7", "HOST_CR0, 0, 8"})
  void checksAreMadeAgainAfterAWriteToTheirAreas(VmcsField field, long value, int error) {
    VmxFixture f = VmxFixture.inGuest();
    f.sensitive().cpuid(2);
    long before = f.read(field);
    f.write(field, value);
    assertEquals(VmxOutcome.FAIL_VALID, f.vmx().vmresume());
    assertEquals(error, f.read(VmcsField.VM_INSTRUCTION_ERROR));
    f.write(field, before);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmresume());
  }

  @Test
  void controlsThatAreNotModelledStopTheRunByName() {
    VmxFixture f = VmxFixture.ready();
    f.set(TertiaryControl.SEAM_GUEST_PHYSICAL_ADDRESS_WIDTH);
    NotModelledException stop = assertThrows(NotModelledException.class, () -> f.vmx().vmlaunch());
    assertTrue(stop.feature().contains("seam guest physical address width"), stop.feature());
  }

  @Test
  void anObserverCanHaveAFailedEntryExplained() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_RFLAGS, 0x8); // bit 1 must be 1, bit 3 must be 0
    List<String> said = new ArrayList<>();
    f.processor
        .transitions()
        .setEntryFailureObserver(
            (processor, vmcs, rule, context) ->
                said.add(
                    DiagnosisText.of(
                        Diagnosis.ofEntry("here", "max", vmcs, rule, context), false)));
    assertEquals(VmxOutcome.ENTRY_FAILED, f.vmx().vmlaunch());
    assertEquals(1, said.size());
    String text = said.get(0);
    assertTrue(text.startsWith("here: a VM entry that failed\n"), text);
    assertTrue(text.contains("hardware reported: exit reason 33"), text);
    assertTrue(text.contains("GUEST_RFLAGS  0x0000000000000008"), text);
    assertEquals(0x8, f.read(VmcsField.GUEST_RFLAGS), "the observer changes nothing");
    f.write(VmcsField.GUEST_RFLAGS, 2);
    f.launch();
    assertEquals(1, said.size());
  }
}
