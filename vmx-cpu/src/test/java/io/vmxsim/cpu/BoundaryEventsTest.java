package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What happens between instructions: "Monitor Trap Flag" (25.5.2), "Special Features of VM Entry"
 * (26.6), INIT signals and start-up IPIs (25.2).
 */
class BoundaryEventsTest {
  private static final long PENDING_MTF = 0x8000_0700L;
  private static final long UD_INJECTED = 0x8000_0306L;
  private static final long SINGLE_STEP = 1 << 14;

  // ---- Monitor trap flag -----------------------------------------------------------------------

  @Test
  void theMonitorTrapFlagExitsAfterOneInstruction() {
    VmxFixture f = monitored("90 90");
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.MONITOR_TRAP_FLAG, f.exitReason());
    assertEquals(GUEST_RIP + 1, f.read(VmcsField.GUEST_RIP));
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION));
    f.vmx().vmresume();
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(GUEST_RIP + 2, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void theMonitorTrapFlagExitsAfterOneIterationOfARepeatedString() {
    VmxFixture f = monitored("f3 aa");
    f.state().setRegister(CpuState.RCX, 5);
    f.state().setRegister(CpuState.RDI, 0x60_0000);
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.MONITOR_TRAP_FLAG, f.exitReason());
    assertEquals(GUEST_RIP, f.read(VmcsField.GUEST_RIP));
    assertEquals(4, f.state().register(CpuState.RCX));
  }

  @Test
  void theMonitorTrapFlagExitsFromTheHltState() {
    VmxFixture f = monitored("f4");
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.MONITOR_TRAP_FLAG, f.exitReason());
    assertEquals(ActivityState.HLT, f.read(VmcsField.GUEST_ACTIVITY_STATE));
    assertEquals(GUEST_RIP + 1, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void anInstructionThatExitsLeavesNoMonitorTrap() {
    VmxFixture f = monitored("0f a2 90");
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.CPUID, f.exitReason());
    assertEquals(GUEST_RIP, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void theMonitorTrapFlagExitsAfterTheDeliveryOfAFault() {
    VmxFixture f = VmxFixture.inGuest(PrimaryControl.MONITOR_TRAP_FLAG);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.processor.raise(EventDelivery.INVALID_OPCODE, 0, 0);
    assertEquals(List.of(EventDelivery.INVALID_OPCODE), f.delivered);
    assertExit(ExitReason.MONITOR_TRAP_FLAG, f);
  }

  @Test
  void anInjectedEventIsFollowedByTheMonitorTrapBeforeAnyInstruction() {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.MONITOR_TRAP_FLAG);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, UD_INJECTED);
    f.launch();
    assertEquals(List.of(6), f.delivered);
    assertExit(ExitReason.MONITOR_TRAP_FLAG, f);
  }

  @Test
  void anInjectedMonitorTrapNeedsNoControlAndWakesHlt() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, PENDING_MTF);
    f.write(VmcsField.GUEST_ACTIVITY_STATE, ActivityState.HLT);
    f.launch();
    assertTrue(f.processor.passIdleTime());
    assertExit(ExitReason.MONITOR_TRAP_FLAG, f);
    assertEquals(ActivityState.HLT, f.read(VmcsField.GUEST_ACTIVITY_STATE));
    assertEquals(List.of(), f.delivered);
  }

  private static VmxFixture monitored(String hex) {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.MONITOR_TRAP_FLAG);
    code(f, hex);
    f.launch();
    return f;
  }

  private static void code(VmxFixture f, String hex) {
    byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(hex);
    f.memory.writeBytes(GUEST_RIP, bytes, 0, bytes.length);
    Executor.on(f.processor);
  }

  private static void assertExit(ExitReason reason, VmxFixture f) {
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(reason, f.exitReason());
  }

  // ---- Pending debug exceptions ----------------------------------------------------------------

  @Test
  void pendingDebugExceptionsOfTheEntryAreDeliveredAndUpdateDr6() {
    VmxFixture f = pendingDebug(SINGLE_STEP | 1 << 12 | 2);
    assertEquals(StepOutcome.FAULTED, f.processor.pollEvents());
    assertEquals(List.of(1), f.delivered);
    assertEquals(CpuState.DR6_RESET | SINGLE_STEP | 2, f.state().debug[6]);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents(), "delivered once");
  }

  @Test
  void anInterceptedOneExitsWithItsConditionsAndLeavesDr6() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 1);
    f.write(VmcsField.GUEST_RFLAGS, 2 | CpuState.TF);
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, SINGLE_STEP);
    f.launch();
    assertExit(ExitReason.EXCEPTION_NMI, f);
    assertEquals(SINGLE_STEP, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(0x8000_0301L, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(0, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
    assertEquals(CpuState.DR6_RESET, f.state().debug[6]);
  }

  @Test
  void breakpointsThatAreNotEnabledAreNotValidAlone() {
    VmxFixture f = pendingDebug(0xf);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    assertEquals(List.of(), f.delivered);
  }

  @Test
  void movSsHoldsThemForOneInstruction() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 12 | 1);
    f.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, Interruptibility.MOV_SS);
    f.launch();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.processor.retire(0);
    assertEquals(StepOutcome.FAULTED, f.processor.pollEvents());
    assertEquals(List.of(1), f.delivered);
  }

  @Test
  void anExitUnderBlockingByMovSsSavesThem() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 12 | 1);
    f.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, Interruptibility.MOV_SS);
    f.launch();
    f.sensitive().cpuid(2);
    assertEquals(1 << 12 | 1, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
  }

  @ParameterizedTest
  @CsvSource({"80000306", "80000020", "80000202", "80000480"})
  void aVectoringEntryHasNone(String event) {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    f.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, 2);
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 12 | 1);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, Long.parseLong(event, 16));
    f.launch();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    assertEquals(1, f.delivered.size());
  }

  @Test
  void theMonitorTrapRanksAboveThemAndSavesThem() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, PENDING_MTF);
    f.write(VmcsField.GUEST_RFLAGS, 2 | CpuState.TF);
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, SINGLE_STEP);
    f.launch();
    assertExit(ExitReason.MONITOR_TRAP_FLAG, f);
    assertEquals(SINGLE_STEP, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
  }

  @Test
  void aSingleStepUnderTheMonitorTrapFlagIsSavedAsPending() {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.MONITOR_TRAP_FLAG);
    f.write(VmcsField.GUEST_RFLAGS, 2 | CpuState.TF);
    code(f, "90");
    f.launch();
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.MONITOR_TRAP_FLAG, f.exitReason());
    assertEquals(SINGLE_STEP, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
  }

  private static VmxFixture pendingDebug(long conditions) {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, conditions);
    if ((conditions & SINGLE_STEP) != 0) {
      f.write(VmcsField.GUEST_RFLAGS, 2 | CpuState.TF);
    }
    f.launch();
    return f;
  }

  // ---- Priority and activity states ------------------------------------------------------------

  @Test
  void eventsThatAreDueTogetherHappenInTheOrderOfTheirPriority() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.NMI_EXITING);
    f.set(PinControl.VIRTUAL_NMIS);
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);
    f.set(PrimaryControl.NMI_WINDOW_EXITING);
    f.set(PrimaryControl.INTERRUPT_WINDOW_EXITING);
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 1);
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    f.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 12 | 1);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, PENDING_MTF);
    f.processor.pending().requestInit();
    f.processor.pending().requestNmi();
    f.processor.pending().requestInterrupt(0x40);
    List<ExitReason> order = new ArrayList<>();
    f.launch();
    for (int i = 0; i < 8; i++) {
      assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
      order.add(f.exitReason());
      settle(f, f.exitReason());
      f.vmx().vmresume();
    }
    assertEquals(
        List.of(
            ExitReason.INIT_SIGNAL,
            ExitReason.MONITOR_TRAP_FLAG,
            ExitReason.EXCEPTION_NMI, // the debug exception
            ExitReason.PREEMPTION_TIMER,
            ExitReason.NMI_WINDOW,
            ExitReason.EXCEPTION_NMI, // the NMI
            ExitReason.INTERRUPT_WINDOW,
            ExitReason.EXTERNAL_INTERRUPT),
        order);
  }

  /** Removes the cause of an exit; the one that follows an INIT still injects the MTF exit. */
  private static void settle(VmxFixture f, ExitReason reason) {
    if (reason == ExitReason.INIT_SIGNAL) {
      f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, PENDING_MTF);
    } else if (reason == ExitReason.PREEMPTION_TIMER) {
      clear(f, VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, 1 << 6);
    } else if (reason == ExitReason.NMI_WINDOW) {
      clear(f, VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 1 << 22);
    } else if (reason == ExitReason.INTERRUPT_WINDOW) {
      clear(f, VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 1 << 2);
    }
  }

  private static void clear(VmxFixture f, VmcsField field, long mask) {
    f.write(field, f.read(field) & ~mask);
  }

  @Test
  void shutdownBlocksExternalInterruptsButNotNmis() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.set(PinControl.NMI_EXITING);
    f.write(VmcsField.GUEST_ACTIVITY_STATE, ActivityState.SHUTDOWN);
    f.launch();
    f.processor.pending().requestInterrupt(0x40);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    assertFalse(f.processor.passIdleTime());
    f.processor.pending().requestNmi();
    assertTrue(f.processor.passIdleTime());
    assertExit(ExitReason.EXCEPTION_NMI, f);
    assertEquals(ActivityState.SHUTDOWN, f.read(VmcsField.GUEST_ACTIVITY_STATE));
  }

  @Test
  void waitForSipiBlocksEverythingButASipiWhichExitsWithItsVector() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.set(PinControl.NMI_EXITING);
    f.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);
    f.write(VmcsField.GUEST_ACTIVITY_STATE, ActivityState.WAIT_FOR_SIPI);
    f.launch();
    f.processor.pending().requestInterrupt(0x40);
    f.processor.pending().requestNmi();
    f.processor.pending().requestInit();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.processor.pending().requestStartUp(0x9a);
    assertExit(ExitReason.SIPI_SIGNAL, f);
    assertEquals(0x9a, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(ActivityState.WAIT_FOR_SIPI, f.read(VmcsField.GUEST_ACTIVITY_STATE));
    assertEquals(GUEST_RIP, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void aSipiIsLostInAnyOtherState() {
    VmxFixture f = VmxFixture.inGuest();
    f.processor.pending().requestStartUp(0x9a);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
  }

  // ---- INIT and SIPI outside VMX non-root operation --------------------------------------------

  @Test
  void vmxRootOperationHoldsAnInitUntilVmEntryOrVmxoff() {
    VmxFixture f = VmxFixture.ready();
    f.processor.pending().requestInit();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.launch();
    assertExit(ExitReason.INIT_SIGNAL, f);
    f.processor.pending().requestInit();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.vmx().vmxoff();
    assertEquals(StepOutcome.FAULTED, f.processor.pollEvents());
    assertEquals(ActivityState.WAIT_FOR_SIPI, f.state().activity);
  }

  @Test
  void initLeavesTheRegistersOfTable91AndASipiStartsInRealMode() {
    VmxFixture f = new VmxFixture();
    f.state().setCr0(f.state().cr0() | CpuState.CR0_CD);
    f.processor.pending().requestInit();
    f.processor.pollEvents();
    CpuState state = f.state();
    assertEquals(0x4000_0010L, state.cr0(), "CD is unchanged");
    assertEquals(List.of(0L, 0L, 0xfff0L), List.of(state.cr3(), state.cr4(), state.rip));
    assertEquals(0xffff0000L, state.base(Segment.CS));
    assertEquals(0xf000, state.selectors[1]);
    assertEquals(2, state.rflags());
    assertEquals(0xffff, state.idtrLimit);
    f.processor.pending().requestInterrupt(0x40);
    f.processor.pending().requestNmi();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents(), "the wait-for-SIPI state");
    f.processor.pending().requestStartUp(0x9a);
    assertEquals(StepOutcome.FAULTED, f.processor.pollEvents());
    assertEquals(ActivityState.ACTIVE, state.activity);
    assertEquals(List.of(0x9a000L, 0L), List.of(state.base(Segment.CS), state.rip));
    assertEquals(0x9a00, state.selectors[1]);
  }

  // ---- NMI unblocking due to IRET --------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({"true, true, true", "false, false, true", "true, false, false"})
  void aFaultOfIretReportsTheBlockingThatItEnded(boolean exiting, boolean virtual, boolean ends) {
    VmxFixture f = VmxFixture.ready();
    if (exiting) {
      f.set(PinControl.NMI_EXITING);
    }
    if (virtual) {
      f.set(PinControl.VIRTUAL_NMIS);
    }
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 13);
    f.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, Interruptibility.NMI);
    f.launch();
    f.sensitive().iretBegins();
    f.processor.raise(EventDelivery.GENERAL_PROTECTION, 0, 0);
    assertEquals(
        ends ? 0x8000_1b0dL : 0x8000_0b0dL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(ends ? 0 : Interruptibility.NMI, f.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE));
  }

  @Test
  void anIretWithoutSuchBlockingReportsNothing() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 13);
    f.launch();
    f.sensitive().iretBegins();
    f.processor.raise(EventDelivery.GENERAL_PROTECTION, 0, 0);
    assertEquals(0x8000_0b0dL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
  }

  @Test
  void anExitWhileAnInjectedNmiIsDeliveredSavesVirtualNmiBlocking() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.NMI_EXITING);
    f.set(PinControl.VIRTUAL_NMIS);
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0202L);
    f.duringDelivery = () -> f.processor.raise(14, 0, 0x1000);
    f.launch();
    assertEquals(0x8000_0202L, f.read(VmcsField.IDT_VECTORING_INFORMATION));
    assertEquals(Interruptibility.NMI, f.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE));
    assertEquals(0, f.state().interruptibility, "real NMIs are not blocked");
  }

  // ---- Machine code ----------------------------------------------------------------------------

  @Test
  void vmlaunchInMachineCodeDeliversTheEventThatItInjects() {
    VmxFixture f = VmxFixture.ready();
    long handler = GUEST_RIP + 0x100;
    f.memory.write64(0x60_0008, 0x00af_9b00_0000_ffffL); // selector 8: 64-bit code
    f.memory.write64(0x60_1060, 0x8e00_0008_0000L | (handler >>> 16) << 48 | (handler & 0xffff));
    f.memory.write64(0x60_1068, 0);
    f.write(VmcsField.GUEST_GDTR_BASE, 0x60_0000);
    f.write(VmcsField.GUEST_GDTR_LIMIT, 0xf);
    f.write(VmcsField.GUEST_IDTR_BASE, 0x60_1000);
    f.write(VmcsField.GUEST_IDTR_LIMIT, 0xfff);
    f.write(VmcsField.GUEST_CS_SELECTOR, 8);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, UD_INJECTED);
    long root = 0x50_1000;
    f.memory.writeBytes(root, new byte[] {(byte) 0x90, 0x0f, 0x01, (byte) 0xc2}, 0, 4);
    f.memory.writeBytes(handler, new byte[] {0x0f, (byte) 0xa2}, 0, 2);
    f.state().rip = root;
    Executor.on(f.processor);
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.CPUID, f.exitReason());
    assertEquals(handler, f.read(VmcsField.GUEST_RIP));
    assertEquals(GUEST_RIP, f.memory.read64(0x41_0000 - 5 * 8), "the return address");
  }
}
