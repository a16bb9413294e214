package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.IndexHash;
import io.vmxsim.ept.TlbGeometry;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings("EnumOrdinal") // as the processor looks prices up
class CpuProfileTest {

  static Stream<String> names() {
    return CpuProfile.names().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyValueHasUnitSourceAndStatus(String name) {
    for (ProfileEntry entry : CpuProfile.named(name).entries().values()) {
      assertFalse(entry.unit().isBlank(), entry.toString());
      assertFalse(entry.source().isBlank(), entry.toString());
      assertFalse(entry.source().startsWith("@"), "an unresolved source: " + entry);
      assertNotEquals(ProfileStatus.SET_BY_USER, entry.status(), entry.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void capabilitiesAndCpuidAgree(String name) {
    CpuProfile profile = CpuProfile.named(name);
    for (ProfileRule rule : ProfileRule.values()) {
      assertEquals(null, rule.broken(profile.cpuid(), profile.vmxCapabilities()), rule.name());
    }
  }

  /** MAXPHYADDR and linear width from the dumps' leaf 80000008H, typed by hand. */
  @ParameterizedTest
  @CsvSource({
    "pentium4-672, 36, 48",
    "core2duo, 36, 48",
    "nehalem, 36, 48",
    "ivybridge, 46, 48",
    "haswell, 46, 48",
    "skylake-sp, 46, 48",
    "icelake-sp, 46, 57",
    "sapphire-rapids, 46, 57",
    "max, 52, 57"
  })
  void addressWidths(String name, int physical, int linear) {
    Cpuid cpuid = CpuProfile.named(name).cpuid();
    assertEquals(physical, cpuid.maxPhyAddr());
    assertEquals(linear, cpuid.linearAddressBits());
  }

  /** Which core brought which feature. */
  @Test
  void featuresArriveWithTheirCore() {
    VmxCapabilities pentium4 = CpuProfile.named("pentium4-672").vmxCapabilities();
    assertFalse(pentium4.supports(PrimaryControl.USE_TPR_SHADOW));
    assertFalse(pentium4.supports(EntryControl.LOAD_IA32_EFER));
    VmxCapabilities core2 = CpuProfile.named("core2duo").vmxCapabilities();
    assertTrue(core2.supports(PrimaryControl.USE_TPR_SHADOW));
    assertFalse(core2.supports(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS));
    VmxCapabilities nehalem = CpuProfile.named("nehalem").vmxCapabilities();
    assertTrue(nehalem.supports(SecondaryControl.ENABLE_EPT));
    assertFalse(nehalem.supports(SecondaryControl.UNRESTRICTED_GUEST));
    VmxCapabilities ivybridge = CpuProfile.named("ivybridge").vmxCapabilities();
    assertTrue(ivybridge.supports(SecondaryControl.UNRESTRICTED_GUEST));
    assertFalse(ivybridge.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS));
    VmxCapabilities haswell = CpuProfile.named("haswell").vmxCapabilities();
    assertTrue(haswell.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS));
    assertTrue(haswell.supports(SecondaryControl.VMCS_SHADOWING));
    assertFalse(haswell.supports(SecondaryControl.ENABLE_PML));
    VmxCapabilities skylake = CpuProfile.named("skylake-sp").vmxCapabilities();
    assertTrue(skylake.supports(SecondaryControl.ENABLE_PML));
    assertTrue(skylake.supports(SecondaryControl.USE_TSC_SCALING));
    assertFalse(skylake.supports(EptVpidCapability.PAGE_WALK_LENGTH_5));
    VmxCapabilities icelake = CpuProfile.named("icelake-sp").vmxCapabilities();
    assertTrue(icelake.supports(EptVpidCapability.PAGE_WALK_LENGTH_5));
    assertTrue(icelake.supports(SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT));
    VmxCapabilities sapphireRapids = CpuProfile.named("sapphire-rapids").vmxCapabilities();
    assertTrue(sapphireRapids.supports(TertiaryControl.IPI_VIRTUALIZATION));
    assertTrue(sapphireRapids.supports(TertiaryControl.ENABLE_HLAT));
  }

  @Test
  void maxHasEveryFieldAndEveryControl() {
    VmxCapabilities max = CpuProfile.named("max").vmxCapabilities();
    for (VmcsField field : VmcsField.values()) {
      assertTrue(field.existsOn(max), field.name());
    }
    for (EptVpidCapability capability : EptVpidCapability.values()) {
      assertTrue(max.supports(capability), capability.name());
    }
    Stream.of(ControlWord.values())
        .flatMap(word -> word.controls().stream())
        .filter(control -> control != TertiaryControl.LOADIWKEY_EXITING) // there is no Key Locker
        .forEach(control -> assertTrue(max.supports(control), control.name()));
  }

  @Test
  void maxIsPricedAsSkylakeSp() {
    CostModel max = CpuProfile.named("max").costs();
    CostModel skylake = CpuProfile.named("skylake-sp").costs();
    for (Cost cost : Cost.values()) {
      assertEquals(skylake.of(cost), max.of(cost), cost.key());
    }
    assertEquals(
        CpuProfile.named("skylake-sp").mmuGeometry().tlbs(),
        CpuProfile.named("max").mmuGeometry().tlbs());
  }

  /** Second-level TLBs by core, from CPUID leaf 2 descriptors CAH and C1H and from TLBleed. */
  @ParameterizedTest
  @CsvSource({
    "nehalem, 512, 4, MODULO",
    "ivybridge, 512, 4, MODULO",
    "haswell, 1024, 8, MODULO",
    "skylake-sp, 1536, 12, XOR_FOLD"
  })
  void secondLevelTlb(String name, int entries, int ways, IndexHash hash) {
    TlbGeometry stlb = tlb(CpuProfile.named(name), "STLB");
    assertEquals(entries, stlb.entries());
    assertEquals(ways, stlb.ways());
    assertEquals(hash, stlb.hash());
  }

  /** Bugnion, Nieh, Tsafrir 2017: cycles of a VM exit by #PF. */
  @ParameterizedTest
  @CsvSource({"ivybridge, 466", "haswell, 512"})
  void pageFaultExitIsThePublishedOne(String name, long cycles) {
    CpuProfile profile = CpuProfile.named(name);
    assertEquals(cycles, profile.costs().exit(0));
    ProfileEntry entry = profile.entries().get("vm-exit.EXCEPTION_NMI");
    assertTrue(entry != null && entry.status() == ProfileStatus.PUBLISHED);
  }

  @Test
  void unknownProfileListsThoseThereAre() {
    InputException e = assertThrows(InputException.class, () -> CpuProfile.named("pentium"));
    assertTrue(String.valueOf(e.getMessage()).contains("skylake-sp"), e.getMessage());
  }

  @Test
  void aSettingIsReportedAsTheUsers() {
    CpuProfile profile = CpuProfile.named("haswell").with("vm-entry", "1000");
    assertEquals(1000, profile.costs().of(Cost.VM_ENTRY));
    assertEquals(List.of("vm-entry"), profile.setByUser().stream().map(ProfileEntry::key).toList());
    CostModel costs = profile.costs();
    long unused = costs.of(Cost.VM_ENTRY);
    assertEquals(1000, unused);
    assertTrue(costs.assumedInUse().isEmpty());
  }

  @Test
  void aSettingForOneReasonLeavesTheOthers() {
    CostModel costs = CpuProfile.named("haswell").with("vm-exit.CPUID", "7").costs();
    assertEquals(7, costs.exit(10));
    assertEquals(512, costs.exit(28));
  }

  @Test
  void entriesAndWaysChangeTogether() {
    CpuProfile profile =
        CpuProfile.named("skylake-sp")
            .with(Map.of("STLB.entries", "100", "STLB.ways", "5", "STLB.index", "modulo"));
    assertEquals(20, tlb(profile, "STLB").sets());
  }

  @Test
  void aTlbOfNoEntriesIsAbsent() {
    CpuProfile profile = CpuProfile.named("skylake-sp").with("STLB.entries", "0");
    assertTrue(profile.mmuGeometry().tlbs().stream().noneMatch(t -> t.name().equals("STLB")));
  }

  @ParameterizedTest
  @CsvSource({
    "vmraed, 5, did you mean vmread",
    "STLB.entires, 5, did you mean STLB.entries",
    "0x1, 5, expected a price or geometry key",
    "vmread, five, a whole number",
    "vmread, -1, a whole number",
    "STLB.entries, 1537, do not divide into 12 ways",
    "STLB.index, random, modulo or xor-fold"
  })
  void aBadSettingSaysWhatWasExpected(String key, String value, String expected) {
    CpuProfile profile = CpuProfile.named("skylake-sp");
    InputException e = assertThrows(InputException.class, () -> profile.with(key, value));
    assertTrue(String.valueOf(e.getMessage()).startsWith("--set: "), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e.getMessage());
  }

  @Test
  void assumedInUseNamesWhatWasLookedUpAndNothingElse() {
    CpuProfile profile = CpuProfile.named("haswell");
    CostModel costs = profile.costs();
    assertEquals(List.of(), costs.assumedInUse());
    assertEquals(405, costs.of(Cost.VM_ENTRY));
    assertEquals(512, costs.exit(0));
    assertEquals(208, costs.instruction(InstructionClass.valueOf("CPUID").ordinal()));
    assertEquals(
        List.of("vm-entry"), costs.assumedInUse().stream().map(ProfileEntry::key).toList());
    assertTrue(profile.assumedInUse(costs).stream().anyMatch(e -> e.key().equals("guest.pde")));
    assertTrue(profile.assumedInUse(costs).stream().noneMatch(e -> e.key().equals("invept")));
  }

  private static TlbGeometry tlb(CpuProfile profile, String name) {
    return profile.mmuGeometry().tlbs().stream()
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
