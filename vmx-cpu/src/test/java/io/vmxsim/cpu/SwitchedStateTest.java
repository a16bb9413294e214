package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryExitControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** State that controls switch: 26.3.2.1, 27.3.1 and 27.5.1, with what June 2026 adds to them. */
class SwitchedStateTest {

  @ParameterizedTest
  @CsvSource({
    "IA32_PAT, GUEST_IA32_PAT, LOAD_IA32_PAT, 6",
    "IA32_PERF_GLOBAL_CTRL, GUEST_IA32_PERF_GLOBAL_CTRL, LOAD_IA32_PERF_GLOBAL_CTRL, 1",
    "IA32_BNDCFGS, GUEST_IA32_BNDCFGS, LOAD_IA32_BNDCFGS, 4097",
    "IA32_RTIT_CTL, GUEST_IA32_RTIT_CTL, LOAD_IA32_RTIT_CTL, 4",
    "IA32_LBR_CTL, GUEST_IA32_LBR_CTL, LOAD_GUEST_IA32_LBR_CTL, 1",
    "IA32_PKRS, GUEST_IA32_PKRS, LOAD_PKRS, 12",
    "IA32_S_CET, GUEST_IA32_S_CET, LOAD_CET_STATE, 1",
    "IA32_INTERRUPT_SSP_TABLE_ADDR, GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, LOAD_CET_STATE, 4096",
    "IA32_SPEC_CTRL, GUEST_IA32_SPEC_CTRL, LOAD_IA32_SPEC_CTRL, 1",
    "IA32_FRED_RSP1, GUEST_IA32_FRED_RSP1, LOAD_FRED, 4096"
  })
  void entryLoadsTheFieldIfItsControlSaysSo(
      Msr msr, VmcsField field, EntryControl control, long value) {
    VmxFixture off = VmxFixture.ready();
    long before = off.processor.msrs().get(msr);
    off.write(field, value);
    off.launch();
    assertEquals(before, off.processor.msrs().get(msr));
    VmxFixture on = VmxFixture.ready();
    on.write(field, value);
    on.set(control);
    on.launch();
    assertEquals(value, on.processor.msrs().get(msr));
  }

  @ParameterizedTest
  @CsvSource({
    "IA32_PAT, GUEST_IA32_PAT, SAVE_IA32_PAT",
    "IA32_PERF_GLOBAL_CTRL, GUEST_IA32_PERF_GLOBAL_CTRL, SAVE_IA32_PERF_GLOBAL_CTRL"
  })
  void exitSavesTheMsrIfItsControlSaysSo(Msr msr, VmcsField field, ExitControl control) {
    assertEquals(0, afterExit(msr, 6, field));
    assertEquals(6, afterExit(msr, 6, field, control));
  }

  @ParameterizedTest
  @CsvSource({
    "IA32_BNDCFGS, GUEST_IA32_BNDCFGS",
    "IA32_RTIT_CTL, GUEST_IA32_RTIT_CTL",
    "IA32_LBR_CTL, GUEST_IA32_LBR_CTL",
    "IA32_PKRS, GUEST_IA32_PKRS",
    "IA32_S_CET, GUEST_IA32_S_CET",
    "IA32_INTERRUPT_SSP_TABLE_ADDR, GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR"
  })
  void exitSavesTheseWheneverTheProcessorHasTheField(Msr msr, VmcsField field) {
    assertEquals(0x1000, afterExit(msr, 0x1000, field));
  }

  private static long afterExit(Msr msr, long value, VmcsField field, Control... controls) {
    VmxFixture f = VmxFixture.ready();
    for (Control control : controls) {
      f.set(control);
    }
    f.launch();
    f.processor.msrs().set(msr, value);
    f.sensitive().cpuid(2);
    return f.read(field);
  }

  @ParameterizedTest
  @CsvSource({
    "IA32_PAT, HOST_IA32_PAT, LOAD_IA32_PAT, 4",
    "IA32_PKRS, HOST_IA32_PKRS, LOAD_PKRS, 12",
    "IA32_S_CET, HOST_IA32_S_CET, LOAD_CET_STATE, 1"
  })
  void exitLoadsTheHostsFieldIfItsControlSaysSo(
      Msr msr, VmcsField field, ExitControl control, long value) {
    VmxFixture f = VmxFixture.ready();
    f.write(field, value);
    f.set(control);
    f.launch();
    f.sensitive().cpuid(2);
    assertEquals(value, f.processor.msrs().get(msr));
  }

  @ParameterizedTest
  @CsvSource({
    "IA32_BNDCFGS, CLEAR_IA32_BNDCFGS",
    "IA32_RTIT_CTL, CLEAR_IA32_RTIT_CTL",
    "IA32_LBR_CTL, CLEAR_IA32_LBR_CTL"
  })
  void exitClearsTheMsrIfItsControlSaysSo(Msr msr, ExitControl control) {
    VmxFixture f = VmxFixture.ready();
    f.set(control);
    f.launch();
    f.processor.msrs().set(msr, 0x1000);
    f.sensitive().cpuid(2);
    assertEquals(0, f.processor.msrs().get(msr));
  }

  @Test
  void secondaryExitControlsActOnlyWhileActivated() {
    VmxFixture f = VmxFixture.ready();
    f.set(SecondaryExitControl.LOAD_IA32_SPEC_CTRL);
    f.write(VmcsField.HOST_IA32_SPEC_CTRL, 1);
    f.launch();
    f.sensitive().cpuid(2);
    assertEquals(0, f.processor.msrs().get(Msr.IA32_SPEC_CTRL));
    f.set(ExitControl.ACTIVATE_SECONDARY_CONTROLS);
    f.vmx().vmresume();
    f.sensitive().cpuid(2);
    assertEquals(1, f.processor.msrs().get(Msr.IA32_SPEC_CTRL));
  }

  @Test
  void theUserInterruptVectorIsBits39To32OfItsMsr() {
    VmxFixture f = VmxFixture.ready();
    f.set(EntryControl.LOAD_UINV);
    f.set(ExitControl.CLEAR_UINV);
    f.write(VmcsField.GUEST_UINV, 0x77);
    f.processor.msrs().set(Msr.IA32_UINTR_MISC, 0x0000_0055_0000_0003L);
    f.launch();
    assertEquals(0x0000_0077_0000_0003L, f.processor.msrs().get(Msr.IA32_UINTR_MISC));
    f.sensitive().cpuid(2);
    assertEquals(0x3, f.processor.msrs().get(Msr.IA32_UINTR_MISC));
    assertEquals(0x77, f.read(VmcsField.GUEST_UINV));
  }

  @Test
  void theGuestsShadowOfSpecCtrlHidesTheBitsOfTheMask() {
    VmxFixture f = VmxFixture.ready();
    f.processor.msrs().set(Msr.IA32_SPEC_CTRL, 1);
    f.set(TertiaryControl.VIRTUALIZE_IA32_SPEC_CTRL);
    f.set(PrimaryControl.ACTIVATE_TERTIARY_CONTROLS);
    f.write(VmcsField.IA32_SPEC_CTRL_MASK, 1);
    f.write(VmcsField.IA32_SPEC_CTRL_SHADOW, 4);
    f.launch();
    f.state().setRegister(CpuState.RCX, Msr.IA32_SPEC_CTRL.address());
    f.sensitive().msrs().rdmsr(2);
    assertEquals(4, f.state().edxEax());
    f.state().setEdxEax(2);
    f.sensitive().msrs().wrmsr(2);
    assertEquals(2, f.read(VmcsField.IA32_SPEC_CTRL_SHADOW));
    assertEquals(3, f.processor.msrs().get(Msr.IA32_SPEC_CTRL), "bit 0 stays the host's");
  }
}
