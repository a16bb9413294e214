package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.SecondaryControl;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class CpuVariantTest {
  private static final int CR4_PKE = 22;

  /** VMX and 64-bit mode, to which SYSCALL belongs, cannot be missing. */
  @ParameterizedTest
  @EnumSource(
      value = CpuidFeature.class,
      names = {"VMX", "LM", "SYSCALL"},
      mode = Mode.EXCLUDE)
  void everyFeatureCanBeTakenAwayAndGivenBack(CpuidFeature feature) {
    String name = feature.name().toLowerCase(Locale.ROOT).replace('_', '-');
    assertFalse(CpuProfile.of("max,-" + name).cpuid().has(feature));
    assertTrue(CpuProfile.of("max,-" + name + ",+" + name).cpuid().has(feature));
  }

  @Test
  void theBitInCr4FollowsTheFeature() {
    assertEquals(1, CpuProfile.of("max").vmxCapabilities().cr4MayBe1() >>> CR4_PKE & 1);
    assertEquals(0, CpuProfile.of("max,-pku").vmxCapabilities().cr4MayBe1() >>> CR4_PKE & 1);
    assertEquals(1, CpuProfile.of("haswell,+pku").vmxCapabilities().cr4MayBe1() >>> CR4_PKE & 1);
  }

  @Test
  void controlsThatNeedTheFeatureGoWithIt() {
    CpuProfile profile = CpuProfile.of("max,-invpcid");
    assertFalse(profile.vmxCapabilities().supports(SecondaryControl.ENABLE_INVPCID));
  }

  @Test
  void controlsCanBeTakenAway() {
    CpuProfile profile = CpuProfile.of("max,-vmx-mode-based-execute-control-for-ept");
    assertFalse(
        profile.vmxCapabilities().supports(SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT));
    assertTrue(profile.vmxCapabilities().supports(SecondaryControl.ENABLE_EPT));
  }

  @Test
  void physicalAddressesHaveTheWidthAskedFor() {
    assertEquals(36, CpuProfile.of("ivybridge,phys-bits=36").cpuid().maxPhyAddr());
  }

  @Test
  void linearAddressesFollowLa57() {
    assertEquals(48, CpuProfile.of("max,-la57").cpuid().linearAddressBits());
    assertEquals(57, CpuProfile.of("haswell,+la57").cpuid().linearAddressBits());
  }

  @Test
  void whatTheUserSetIsReported() {
    assertEquals("0x7/0x0", CpuProfile.of("max,-smep").setByUser().get(0).key());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "max,",
        "max,pku",
        "max,+abacus",
        "max,phys-bits=31",
        "max,phys-bits=53",
        "max,-vmx"
      })
  void whatIsNoVariantIsRefused(String profile) {
    assertThrows(InputException.class, () -> CpuProfile.of(profile));
  }

  @Test
  void aMistypedFeatureGetsAHint() {
    InputException refused = assertThrows(InputException.class, () -> CpuProfile.of("max,-x2apci"));
    assertTrue(String.valueOf(refused).contains("x2apic"), refused.toString());
  }
}
