package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** "Other Causes of VM Exits" (25.2), and Table 6-5 on double faults. */
class EventsTest {

  @ParameterizedTest
  @CsvSource({
    // first, second, whether they make a double fault: contributory 0, 10-13; page fault 14
    "13, 13, true",
    "0, 11, true",
    "14, 13, true",
    "14, 14, true",
    "13, 14, false",
    "6, 13, false",
    "13, 6, false",
    "14, 1, false",
    "3, 14, false"
  })
  void exceptionsDuringDeliveryAreServedOneByOneOrMakeADoubleFault(
      int first, int second, boolean doubleFault) {
    VmxFixture f = VmxFixture.inGuest();
    f.duringDelivery = () -> f.processor.raise(second, 0, 0);
    f.processor.raise(first, 0, 0);
    assertEquals(List.of(first, doubleFault ? 8 : second), f.delivered);
  }

  @Test
  void aFaultOnTheWayToTheDoubleFaultHandlerIsATripleFault() {
    VmxFixture f = VmxFixture.inGuest();
    f.duringDelivery = () -> f.processor.raise(13, 0, 0);
    assertEquals(StepOutcome.EXIT, f.processor.raise(8, 0, 0));
    assertEquals(ExitReason.TRIPLE_FAULT, f.exitReason());
    assertEquals(0, f.read(VmcsField.IDT_VECTORING_INFORMATION), "27.2.3: not during delivery");
    VmxFixture outside = new VmxFixture();
    outside.duringDelivery = () -> outside.processor.raise(13, 0, 0);
    outside.processor.raise(8, 0, 0);
    assertEquals(ActivityState.SHUTDOWN, outside.state().activity);
    assertEquals(RunOutcome.FINISHED, outside.processor.run(1));
  }

  @Test
  void aFaultWhileDeliveringAnExceptionReportsBoth() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 13);
    f.launch();
    f.duringDelivery = () -> f.processor.raise(13, 0x50, 0);
    assertEquals(StepOutcome.EXIT, f.processor.raise(14, 4, 0x1000));
    assertEquals(0x8000_0b0dL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(0x50, f.read(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE));
    assertEquals(0x8000_0b0eL, f.read(VmcsField.IDT_VECTORING_INFORMATION));
    assertEquals(4, f.read(VmcsField.IDT_VECTORING_ERROR_CODE));
  }

  @Test
  void aFaultWhileDeliveringIntNReportsItsLengthAndItsOwnAddress() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    f.launch();
    f.duringDelivery = () -> f.processor.raise(14, 0, 0x1000);
    assertEquals(StepOutcome.EXIT, f.sensitive().intN(0x80, 2));
    assertEquals(0x8000_0480L, f.read(VmcsField.IDT_VECTORING_INFORMATION));
    assertEquals(2, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    assertEquals(GUEST_RIP, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void anInterceptedBreakpointIsASoftwareException() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 3);
    f.launch();
    assertEquals(StepOutcome.EXIT, f.sensitive().int3(1));
    assertEquals(0x8000_0603L, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(1, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
  }

  @Test
  void externalInterruptsExitWhateverIfSaysAndStayPending() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.launch();
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.processor.pending().requestInterrupt(0xec);
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(ExitReason.EXTERNAL_INTERRUPT, f.exitReason());
    assertEquals(0, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION) >>> 31);
    assertEquals(0xec, f.processor.pending().acknowledge());
    assertEquals(-1, f.processor.pending().acknowledge());
  }

  @Test
  void acknowledgeOnExitReportsTheHighestVector() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.set(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    f.launch();
    f.processor.pending().requestInterrupt(0x31);
    f.processor.pending().requestInterrupt(0xec);
    f.processor.pollEvents();
    assertEquals(0x8000_00ecL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(0x31, f.processor.pending().acknowledge());
  }

  @Test
  void withoutTheControlInterruptsWaitForIfAndTheShadow() {
    VmxFixture f = VmxFixture.inGuest();
    f.processor.pending().requestInterrupt(0x40);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents(), "IF = 0");
    f.state().setRflags(0x202);
    f.state().interruptibility = Interruptibility.STI;
    assertEquals(StepOutcome.DONE, f.processor.pollEvents(), "blocking by STI");
    f.processor.retire(0);
    assertEquals(StepOutcome.FAULTED, f.processor.pollEvents());
    assertEquals(List.of(0x40), f.delivered);
  }

  @Test
  void theInterruptWindowExitsOnceItIsOpen() {
    VmxFixture f = VmxFixture.inGuest(PrimaryControl.INTERRUPT_WINDOW_EXITING);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.state().setRflags(0x202);
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(ExitReason.INTERRUPT_WINDOW, f.exitReason());
  }

  @Test
  void anNmiExitsAndBlocksFurtherNmisInRootOperation() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.NMI_EXITING);
    f.launch();
    f.processor.pending().requestNmi();
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(0x8000_0202L, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(Interruptibility.NMI, f.state().interruptibility);
  }

  /** 24.4.2, footnote: the activity-state field never reflects MWAIT. */
  @Test
  void anInterruptEndsTheMwaitOfAGuestAndTheExitSavesActive() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.launch();
    f.sensitive().waits().monitor(f.state().rip, 3);
    f.sensitive().waits().mwait(3);
    assertEquals(RunOutcome.HALTED, f.processor.run(10));
    f.processor.pending().requestInterrupt(0xec);
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ExitReason.EXTERNAL_INTERRUPT, f.exitReason());
    assertEquals(ActivityState.ACTIVE, f.read(VmcsField.GUEST_ACTIVITY_STATE));
  }

  @Test
  void anInterruptWakesAHaltedGuestAndTheExitSavesHlt() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.launch();
    f.sensitive().waits().hlt(1);
    assertEquals(RunOutcome.HALTED, f.processor.run(10));
    assertFalse(f.processor.passIdleTime(), "nothing will ever come");
    f.processor.pending().setTimer(InterruptSource.everyCycles(1_000_000, 0xec));
    assertTrue(f.processor.passIdleTime());
    assertEquals(1_000_000, f.processor.now());
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    assertEquals(ActivityState.HLT, f.read(VmcsField.GUEST_ACTIVITY_STATE));
  }

  @Test
  void thePreemptionTimerCountsDownWithTheTscAndIsSaved() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);
    f.set(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE);
    f.write(VmcsField.VMX_PREEMPTION_TIMER_VALUE, 100);
    f.launch();
    long unit = 1L << f.capabilities.preemptionTimerRate();
    f.processor.cycles().guest += 40 * unit;
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.sensitive().cpuid(2);
    long left = f.read(VmcsField.VMX_PREEMPTION_TIMER_VALUE);
    long entry = f.processor.costs().of(Cost.VM_ENTRY) / unit; // runs on the timer, too
    assertTrue(
        left == 59 - entry || left == 60 - entry, "the TSC's bit may change meanwhile: " + left);
    f.vmx().vmresume();
    f.processor.cycles().guest += 60 * unit;
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(ExitReason.PREEMPTION_TIMER, f.exitReason());
    assertEquals(0, f.read(VmcsField.VMX_PREEMPTION_TIMER_VALUE));
  }

  /** It counts changes of a bit of the TSC, which lies between two of them as a rule. */
  @Test
  void thePreemptionTimerIsDueAtTheChangeOfItsBitAndNoCycleLater() {
    VmxFixture f = VmxFixture.ready();
    f.set(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER);
    f.write(VmcsField.VMX_PREEMPTION_TIMER_VALUE, 100_000);
    f.launch();
    long unit = 1L << f.capabilities.preemptionTimerRate();
    f.processor.idle(unit / 2 - f.processor.msrs().timeStampCounter() % unit + unit);
    long left = f.processor.pending().cyclesUntilEvent();
    assertEquals(unit / 2, left % unit);
    assertTrue(f.processor.pending().isQuietFor(1, left - 1));
    assertFalse(f.processor.pending().isQuietFor(1, left));
    f.processor.idle(left - 1);
    assertEquals(StepOutcome.DONE, f.processor.pollEvents());
    f.processor.idle(1);
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
  }

  @Test
  void aTimerInInstructionsTicksAtExactCounts() {
    VmxFixture f = new VmxFixture();
    f.state().setRflags(0x202);
    f.processor.pending().setTimer(InterruptSource.everyInstructions(10, 0x20));
    for (int i = 0; i < 35; i++) {
      f.processor.pollEvents();
      f.processor.retire(0);
    }
    assertEquals(List.of(0x20, 0x20, 0x20), f.delivered);
  }
}
