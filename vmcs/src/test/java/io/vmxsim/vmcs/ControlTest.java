package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ControlTest {

  @Test
  void theNamedBitsOfEachVectorAreThoseOfTheSdmsTables() {
    // The bit positions listed in SDM (June 2026) Tables 27-5 to 27-8, 27-10, 27-14, 27-15, 27-17.
    assertEquals(0x0000_00E9L, named(ControlWord.PIN_BASED));
    assertEquals(0xFBFB_9E8CL, named(ControlWord.PRIMARY_PROCESSOR_BASED));
    assertEquals(0xCFFF_FFFFL, named(ControlWord.SECONDARY_PROCESSOR_BASED));
    assertEquals(0x13FFL, named(ControlWord.TERTIARY_PROCESSOR_BASED));
    assertEquals(0xFFFC_9204L, named(ControlWord.VM_EXIT));
    assertEquals(0xFL, named(ControlWord.SECONDARY_VM_EXIT));
    assertEquals(0x03FF_EE04L, named(ControlWord.VM_ENTRY));
    assertEquals(0x1L, named(ControlWord.VM_FUNCTION));
  }

  @Test
  void everyControlIsListedByItsOwnVector() {
    TestCapabilities.allControls()
        .forEach(control -> assertTrue(control.word().controls().contains(control)));
    long listed = 0;
    for (ControlWord word : ControlWord.values()) {
      listed += word.controls().size();
      assertEquals(word.controls().size(), Long.bitCount(named(word)), "a bit has one name");
    }
    assertEquals(TestCapabilities.allControls().count(), listed);
  }

  @Test
  void controlsAreWhereTheSdmHasThem() {
    assertEquals(6, PinControl.ACTIVATE_VMX_PREEMPTION_TIMER.bit());
    assertEquals(1L << 25, PrimaryControl.USE_IO_BITMAPS.mask());
    assertEquals(17, SecondaryControl.ENABLE_PML.bit());
    assertEquals(12, ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL.bit());
    assertEquals(13, EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL.bit());
    assertSame(VmcsField.VM_ENTRY_CONTROLS, EntryControl.LOAD_IA32_EFER.word().field());
  }

  @Test
  void aControlIsEnabledOnlyWhileItsVectorIsActivated() {
    Vmcs vmcs = new Vmcs(0);
    vmcs.set(
        VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
        SecondaryControl.ENABLE_EPT.mask() | SecondaryControl.ENABLE_VM_FUNCTIONS.mask());
    vmcs.set(VmcsField.VM_FUNCTION_CONTROLS, VmFunction.EPTP_SWITCHING.mask());
    assertFalse(vmcs.enabled(SecondaryControl.ENABLE_EPT));
    assertFalse(vmcs.enabled(VmFunction.EPTP_SWITCHING));
    vmcs.set(
        VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
        PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.mask());
    assertTrue(vmcs.enabled(SecondaryControl.ENABLE_EPT));
    assertTrue(vmcs.enabled(VmFunction.EPTP_SWITCHING));
    assertFalse(vmcs.enabled(SecondaryControl.ENABLE_VPID));
  }

  private static long named(ControlWord word) {
    return word.controls().stream().mapToLong(Control::mask).reduce(0, (a, b) -> a | b);
  }
}
