package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.SecondaryControl;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What machines that execute code do not show of their CPU profile. */
class UnmodelledFeaturesTest {
  @Test
  void aSkylakeIsShownWithoutAvx512AndItsRegisters() {
    CpuProfile profile = CpuProfile.named("skylake-sp");
    CpuProfile shown = profile.executable();
    assertTrue(profile.cpuid().has(CpuidFeature.AVX512F));
    assertFalse(shown.cpuid().has(CpuidFeature.AVX512F));
    assertTrue(shown.cpuid().has(CpuidFeature.AVX2));
    // x87, SSE, AVX and PKRU are left, up to the end of PKRU: A80H and 8 bytes
    XsaveLayout layout = new XsaveLayout(shown.cpuid());
    assertEquals(0x207, layout.user());
    assertEquals(0xa88, shown.cpuid().register(0xd, 0, Cpuid.ECX));
    assertFalse(layout.permits(0xe7));
  }

  @Test
  void aMachineHidesAndNamesThem() {
    Machine machine = new Machine(CpuProfile.named("max"), 1 << 20, 1, value -> {});
    List<CpuidFeature> hidden = machine.hiddenFeatures();
    assertTrue(hidden.containsAll(List.of(CpuidFeature.AVX512F, CpuidFeature.AMX_TILE)));
    for (CpuidFeature feature : hidden) {
      assertFalse(machine.processor(0).profile().cpuid().has(feature), feature.name());
    }
    int cr4Uintr = 25;
    assertEquals(0, machine.processor(0).profile().vmxCapabilities().cr4MayBe1() >>> cr4Uintr & 1);
  }

  @Test
  void whatVmxOffersStays() {
    CpuProfile shown = CpuProfile.named("max").executable();
    assertFalse(shown.cpuid().has(CpuidFeature.SGX));
    assertTrue(shown.vmxCapabilities().supports(SecondaryControl.ENABLE_ENCLS_EXITING));
  }

  @ParameterizedTest
  @EnumSource
  void everyFeatureCanBeTakenAwayByName(CpuidFeature feature) {
    if (feature == CpuidFeature.VMX
        || feature == CpuidFeature.LM
        || feature == CpuidFeature.SYSCALL) {
      return; // no profile goes without, and SYSCALL comes with 64-bit mode
    }
    String name = feature.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    assertFalse(CpuProfile.of("max,-" + name).cpuid().has(feature));
  }
}
