package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import org.junit.jupiter.api.Test;

/** "APIC-timer virtualization": the guest timer (28.5.10, June 2026). */
class GuestTimerTest {
  private static final int VECTOR = 0x61;
  private static final long OFFSET = 1L << 40;

  private final VmxFixture f = VmxFixture.ready();

  private void launch(Control... controls) {
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.set(PinControl.EXTERNAL_INTERRUPT_EXITING);
    f.set(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
    f.set(TertiaryControl.APIC_TIMER_VIRTUALIZATION);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, 0x10000);
    f.write(VmcsField.VIRTUAL_TIMER_VECTOR, VECTOR);
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    for (Control control : controls) {
      f.set(control);
    }
    f.launch();
  }

  private void wrmsr(long value) {
    f.state().setRegister(CpuState.RCX, Msr.IA32_TSC_DEADLINE.address());
    f.state().setEdxEax(value);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().wrmsr(2));
  }

  private long guestTime() {
    assertEquals(StepOutcome.DONE, f.sensitive().rdtsc(2));
    return f.state().edxEax();
  }

  /** Lets time pass to just before and just behind a deadline, both of the guest's counter. */
  private void assertStrikesAt(long deadline, long cyclesPerTick) {
    long left = (deadline - guestTime()) * cyclesPerTick;
    f.processor.idle(left - 2000);
    f.processor.pollEvents();
    assertEquals(List.of(), f.delivered);
    f.processor.idle(2000 + cyclesPerTick);
    f.processor.pollEvents();
    assertEquals(List.of(VECTOR), f.delivered);
    assertEquals(0, f.read(VmcsField.GUEST_DEADLINE_SHADOW));
  }

  @Test
  void aDeadlineReachedIsAVirtualInterrupt() {
    launch();
    long deadline = guestTime() + 100_000;
    wrmsr(deadline);
    assertEquals(deadline, f.read(VmcsField.GUEST_DEADLINE_SHADOW));
    assertStrikesAt(deadline, 1);
  }

  @Test
  void theDeadlineIsThatOfTheGuestsCounter() {
    f.write(VmcsField.TSC_OFFSET, OFFSET);
    f.write(VmcsField.TSC_MULTIPLIER, 1L << 46); // a quarter of the speed
    launch(PrimaryControl.USE_TSC_OFFSETTING, SecondaryControl.USE_TSC_SCALING);
    long deadline = guestTime() + 100_000;
    wrmsr(deadline);
    assertStrikesAt(deadline, 4);
  }

  @Test
  void aDeadlineThatHasPassedStrikesAtOnce() {
    launch();
    wrmsr(1);
    f.processor.pollEvents();
    assertEquals(List.of(VECTOR), f.delivered);
  }

  @Test
  void zeroDisarms() {
    launch();
    wrmsr(guestTime() + 1000);
    wrmsr(0);
    f.processor.idle(10_000);
    f.processor.pollEvents();
    assertEquals(List.of(), f.delivered);
  }

  @Test
  void softwareReadsWhatItWrote() {
    f.write(VmcsField.TSC_OFFSET, OFFSET);
    launch(PrimaryControl.USE_TSC_OFFSETTING);
    long deadline = guestTime() + 5000;
    wrmsr(deadline);
    f.state().setRegister(CpuState.RCX, Msr.IA32_TSC_DEADLINE.address());
    f.sensitive().msrs().rdmsr(2);
    assertEquals(deadline, f.state().edxEax());
    assertEquals(0, f.processor.msrs().get(Msr.IA32_TSC_DEADLINE), "the processor's own timer");
  }

  @Test
  void aVmExitKeepsTheDeadlineForTheNextEntry() {
    launch();
    long deadline = guestTime() + 50_000;
    wrmsr(deadline);
    f.sensitive().vmcall(3);
    f.processor.idle(60_000);
    f.processor.pollEvents();
    assertEquals(List.of(), f.delivered, "there is no guest timer outside");
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmresume());
    f.processor.pollEvents();
    assertEquals(List.of(VECTOR), f.delivered);
  }

  @Test
  void externalInterruptsComeFirst() {
    launch();
    wrmsr(guestTime() + 1000);
    f.processor.idle(2000);
    f.processor.pending().requestInterrupt(0x40);
    assertEquals(StepOutcome.EXIT, f.processor.pollEvents());
    assertEquals(ExitReason.EXTERNAL_INTERRUPT, f.exitReason());
    assertFalse(f.read(VmcsField.GUEST_DEADLINE) == 0, "the event is still to come");
  }

  @Test
  void aHaltedGuestWaitsForTheDeadline() {
    launch();
    wrmsr(guestTime() + 7000);
    f.sensitive().waits().hlt(1);
    f.processor.passIdleTime();
    f.processor.pollEvents();
    assertEquals(List.of(VECTOR), f.delivered);
  }
}
