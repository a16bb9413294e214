package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class VmxCapabilitiesTest {

  @Test
  void aControlIsSupportedIfTheMsrAllowsItsOneSetting() {
    VmxCapabilities capabilities =
        TestCapabilities.supporting(
            PrimaryControl.ACTIVATE_SECONDARY_CONTROLS,
            SecondaryControl.ENABLE_EPT,
            SecondaryControl.ENABLE_VM_FUNCTIONS,
            VmFunction.EPTP_SWITCHING);
    assertTrue(capabilities.supports(SecondaryControl.ENABLE_EPT));
    assertFalse(capabilities.supports(SecondaryControl.ENABLE_VPID));
    assertTrue(capabilities.supports(VmFunction.EPTP_SWITCHING));
    assertFalse(capabilities.supports(TertiaryControl.ENABLE_HLAT));
    assertTrue(capabilities.mayBeZero(SecondaryControl.ENABLE_EPT));
    // CR3-load exiting is of the default1 class: it must be 1 without the TRUE MSRs.
    assertTrue(capabilities.supports(PrimaryControl.CR3_LOAD_EXITING));
    assertFalse(capabilities.mayBeZero(PrimaryControl.CR3_LOAD_EXITING));
  }

  @Test
  void theTrueMsrsDecideWhereBasicBit55IsSet() {
    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.put(0x480, TestCapabilities.BASIC | (1L << 55));
    msrs.put(0x48D, 0x16_0000_0016L);
    msrs.put(0x48E, 0x0401_E172_0400_6172L);
    msrs.put(0x48F, 0x0003_6DFF_0003_6DFBL);
    msrs.put(0x490, 0x0000_11FF_0000_11FBL);
    VmxCapabilities capabilities = new VmxCapabilities(msrs);
    assertTrue(capabilities.mayBeZero(PrimaryControl.CR3_LOAD_EXITING));
    assertTrue(capabilities.mayBeZero(ExitControl.SAVE_DEBUG_CONTROLS));
    assertTrue(capabilities.mayBeOne(EntryControl.LOAD_DEBUG_CONTROLS));
    assertEquals(
        0x0400_6172L | PrimaryControl.CR3_STORE_EXITING.mask(),
        capabilities.adjust(
            ControlWord.PRIMARY_PROCESSOR_BASED,
            PrimaryControl.CR3_STORE_EXITING.mask() | PrimaryControl.HLT_EXITING.mask()));
  }

  @Test
  void the64BitVectorsHaveNoAllowed0Settings() {
    VmxCapabilities capabilities = TestCapabilities.everything();
    assertEquals(-1L, capabilities.mayBeZero(ControlWord.TERTIARY_PROCESSOR_BASED));
    assertEquals(0x13FFL, capabilities.mayBeOne(ControlWord.TERTIARY_PROCESSOR_BASED));
    assertEquals(0xFL, capabilities.mayBeOne(ControlWord.SECONDARY_VM_EXIT));
  }

  @Test
  void basicAndMiscAreReadFieldByField() {
    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.put(0x480, 0x00DA_0400_0000_0004L & ~(1L << 55));
    msrs.put(0x485, 0x7004_C1E7L);
    VmxCapabilities capabilities = new VmxCapabilities(msrs);
    assertEquals(4, capabilities.revisionId());
    assertEquals(1024, capabilities.regionSize());
    assertTrue(capabilities.reportsInsOutsInformation());
    assertFalse(capabilities.limitsAddressesTo32Bits());
    assertEquals(7, capabilities.preemptionTimerRate());
    assertTrue(capabilities.storesLmaOnExit());
    assertTrue(capabilities.supportsActivityState(0));
    assertTrue(capabilities.supportsActivityState(3));
    assertFalse(capabilities.supportsActivityState(4));
    assertEquals(4, capabilities.cr3TargetCount());
    assertEquals(512, capabilities.recommendedMsrListSize());
    assertTrue(capabilities.vmwriteReachesReadOnlyFields());
    assertTrue(capabilities.injectsZeroLengthInstructions());
  }

  @Test
  void eptAndVpidFeaturesAreBitsOfTheirMsr() {
    Map<Integer, Long> msrs =
        TestCapabilities.msrs(
            PrimaryControl.ACTIVATE_SECONDARY_CONTROLS, SecondaryControl.ENABLE_EPT);
    msrs.put(0x48C, 0x0F01_0633_4141L);
    VmxCapabilities capabilities = new VmxCapabilities(msrs);
    assertTrue(capabilities.supports(EptVpidCapability.EXECUTE_ONLY_TRANSLATIONS));
    assertTrue(capabilities.supports(EptVpidCapability.PAGE_WALK_LENGTH_4));
    assertFalse(capabilities.supports(EptVpidCapability.PAGE_WALK_LENGTH_5));
    assertTrue(capabilities.supports(EptVpidCapability.PAGES_1G));
    assertTrue(capabilities.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS));
    assertFalse(capabilities.supports(EptVpidCapability.ADVANCED_EPT_VIOLATION_INFORMATION));
    assertTrue(capabilities.supports(EptVpidCapability.INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS));
  }

  @Test
  void whatNoProcessorCanReportIsRefused() {
    refused(0x480, TestCapabilities.BASIC | (1L << 31), "bit 31");
    refused(0x480, TestCapabilities.REVISION | (6L << 50), "region size");
    refused(0x480, (TestCapabilities.BASIC & ~(15L << 50)) | (1L << 50), "memory type");
    refused(0x480, TestCapabilities.BASIC | (1L << 55), "48DH");
    refused(0x481, 0x16_0000_0056L, "481H");
    refused(0x481, 0x16_0000_0012L, "default1");
    refused(0x486, 1L << 32, "487H");
    refused(0x485, TestCapabilities.MISC | (0x1FFL << 16), "CR3-target");
    refused(0x48B, 0, "activate secondary controls");
    refused(0x47F, 0, "no VMX capability MSR");
  }

  @Test
  void unrestrictedGuestNeedsMiscBit5() {
    Map<Integer, Long> msrs =
        TestCapabilities.msrs(
            PrimaryControl.ACTIVATE_SECONDARY_CONTROLS,
            SecondaryControl.ENABLE_EPT,
            SecondaryControl.UNRESTRICTED_GUEST);
    msrs.put(0x485, TestCapabilities.MISC & ~(1L << 5));
    assertThrows(IllegalArgumentException.class, () -> new VmxCapabilities(msrs));
  }

  @Test
  void anMsrTheProcessorMustHaveIsMissed() {
    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.remove(0x48A);
    assertThrows(IllegalArgumentException.class, () -> new VmxCapabilities(msrs));
  }

  @Test
  void everyFieldExistsOnlyWithAControlItRequires() {
    VmxCapabilities none = TestCapabilities.supporting();
    VmxCapabilities everything = TestCapabilities.everything();
    for (VmcsField field : VmcsField.values()) {
      assertEquals(field.requiresAnyOf().isEmpty(), field.existsOn(none), field.name());
      assertTrue(field.existsOn(everything), field.name());
    }
    // SDM (June 2016) Table B-6, note 1: either control will do.
    assertTrue(
        VmcsField.GUEST_IA32_PAT.existsOn(TestCapabilities.supporting(ExitControl.SAVE_IA32_PAT)));
    assertTrue(
        VmcsField.GUEST_IA32_PAT.existsOn(TestCapabilities.supporting(EntryControl.LOAD_IA32_PAT)));
    assertFalse(
        VmcsField.GUEST_IA32_PAT.existsOn(TestCapabilities.supporting(ExitControl.LOAD_IA32_PAT)));
  }

  @Property
  void adjustedControlsAreAllowed(@ForAll ControlWord word, @ForAll int wanted) {
    VmxCapabilities capabilities = TestCapabilities.everything();
    long adjusted = capabilities.adjust(word, wanted & 0xFFFF_FFFFL);
    assertEquals(0, adjusted & ~capabilities.mayBeOne(word));
    assertEquals(0, ~adjusted & ~capabilities.mayBeZero(word) & 0xFFFF_FFFFL);
  }

  private static void refused(int number, long value, String because) {
    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.put(number, value);
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> new VmxCapabilities(msrs));
    assertTrue(String.valueOf(refusal.getMessage()).contains(because), refusal.getMessage());
  }
}
