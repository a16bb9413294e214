package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.OTHER_REGION;
import static io.vmxsim.cpu.VmxFixture.VMCS_REGION;
import static io.vmxsim.cpu.VmxFixture.VMXON_REGION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** "VMX Instructions" (30.3) and "Conventions" (30.2). Error numbers are those of Table 30-1. */
class VmxInstructionsTest {
  private static final long STATUS_FLAGS = 0x8d5;
  private static final long CF = 1;
  private static final long ZF = 1 << 6;

  @Test
  void vmxonNeedsCr4Vmxe() {
    VmxFixture f = new VmxFixture();
    f.state().setCr4(f.state().cr4() & ~CpuState.CR4_VMXE);
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmxon(VMXON_REGION));
  }

  @Test
  void vmxonNeedsCpl0AndTheFixedBits() {
    VmxFixture f = new VmxFixture();
    f.state().setCpl(3);
    assertEquals(VmxOutcome.GENERAL_PROTECTION, f.vmx().vmxon(VMXON_REGION));
    f.state().setCpl(0);
    f.state().setCr0(f.state().cr0() & ~CpuState.CR0_NE);
    assertEquals(VmxOutcome.GENERAL_PROTECTION, f.vmx().vmxon(VMXON_REGION));
  }

  @Test
  void vmxonNeedsFeatureControlToPermitIt() {
    VmxFixture f = new VmxFixture();
    f.processor.msrs().set(Msr.IA32_FEATURE_CONTROL, 1);
    assertEquals(VmxOutcome.GENERAL_PROTECTION, f.vmx().vmxon(VMXON_REGION));
  }

  @ParameterizedTest
  @CsvSource({"1800", "8000000000000000", "20000"})
  void vmxonFailsInvalidForABadRegion(String address) {
    VmxFixture f = new VmxFixture();
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmxon(Long.parseUnsignedLong(address, 16)));
    assertEquals(CF, f.state().rflags() & STATUS_FLAGS);
    assertFalse(f.vmx().isOn());
  }

  @Test
  void vmxonInRootOperationIsError15() {
    VmxFixture f = VmxFixture.ready();
    assertFails(f, 15, f.vmx().vmxon(VMXON_REGION));
  }

  @Test
  void withoutACurrentVmcsEveryFailureIsVmfailInvalid() {
    VmxFixture f = new VmxFixture();
    f.vmx().vmxon(VMXON_REGION);
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmxon(VMXON_REGION));
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmptrld(VMXON_REGION));
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmcall());
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmread(VmcsField.GUEST_RIP.encoding()));
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmwrite(VmcsField.GUEST_RIP.encoding(), 0));
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmlaunch());
    assertEquals(CF, f.state().rflags() & STATUS_FLAGS);
  }

  @Test
  void outsideVmxOperationThereAreNoVmxInstructions() {
    VmxFixture f = new VmxFixture();
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmxoff());
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmclear(VMCS_REGION));
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmptrld(VMCS_REGION));
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmlaunch());
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmread(0));
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmcall());
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().invept(2, 0));
  }

  @Test
  void compatibilityModeHasNoVmxInstructions() {
    VmxFixture f = VmxFixture.ready();
    f.state().loadSegment(Segment.CS, 8, 0, -1, Segment.FLAT_CODE | Segment.DEFAULT_BIG);
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmread(0));
  }

  @Test
  void userModeGetsGeneralProtection() {
    VmxFixture f = VmxFixture.ready();
    f.state().setCpl(3);
    assertEquals(VmxOutcome.GENERAL_PROTECTION, f.vmx().vmread(0));
    assertEquals(VmxOutcome.GENERAL_PROTECTION, f.vmx().vmlaunch());
  }

  @Test
  void successClearsTheSixStatusFlags() {
    VmxFixture f = VmxFixture.ready();
    f.state().setRflags(0x8d7 | 1 << 9);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmptrst());
    assertEquals(0x202, f.state().rflags());
    assertEquals(VMCS_REGION, f.vmx().value());
  }

  @Test
  void vmclearAndVmptrldCheckTheirPointers() {
    VmxFixture f = VmxFixture.ready();
    assertFails(f, 2, f.vmx().vmclear(0x2008));
    assertFails(f, 2, f.vmx().vmclear(1L << 60));
    assertFails(f, 3, f.vmx().vmclear(VMXON_REGION));
    assertFails(f, 9, f.vmx().vmptrld(0x2008));
    assertFails(f, 10, f.vmx().vmptrld(VMXON_REGION));
    f.memory.write32(OTHER_REGION, f.capabilities.revisionId() ^ 1);
    assertFails(f, 11, f.vmx().vmptrld(OTHER_REGION));
    assertEquals(VMCS_REGION, f.vmx().currentPointer());
  }

  @Test
  void aShadowVmcsNeedsTheFeatureAndCannotBeEntered() {
    VmxFixture old = VmxFixture.ready("nehalem");
    old.memory.write32(OTHER_REGION, old.capabilities.revisionId() | 1 << 31);
    assertFails(old, 11, old.vmx().vmptrld(OTHER_REGION));
    VmxFixture f = VmxFixture.ready();
    f.memory.write32(OTHER_REGION, f.capabilities.revisionId() | 1 << 31);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmptrld(OTHER_REGION));
    assertEquals(VmxOutcome.FAIL_INVALID, f.vmx().vmlaunch());
  }

  @Test
  void vmclearMakesTheCurrentPointerInvalidAndKeepsTheData() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_RIP, 0x1234);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmclear(VMCS_REGION));
    assertEquals(VmxInstructions.NO_POINTER, f.vmx().currentPointer());
    f.vmx().vmptrld(VMCS_REGION);
    assertEquals(0x1234, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void severalVmcssAreActiveAtOnce() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_RIP, 1);
    f.vmx().vmptrld(OTHER_REGION);
    f.write(VmcsField.GUEST_RIP, 2);
    f.vmx().vmptrld(VMCS_REGION);
    assertEquals(1, f.read(VmcsField.GUEST_RIP));
    f.vmx().vmptrld(OTHER_REGION);
    assertEquals(2, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void launchStateDecidesBetweenVmlaunchAndVmresume() {
    VmxFixture f = VmxFixture.ready();
    assertFails(f, 5, f.vmx().vmresume());
    f.launch();
    f.sensitive().cpuid(2);
    assertFails(f, 4, f.vmx().vmlaunch());
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmresume());
    f.sensitive().cpuid(2);
    f.vmx().vmclear(VMCS_REGION);
    f.vmx().vmptrld(VMCS_REGION);
    assertFails(f, 5, f.vmx().vmresume());
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmlaunch());
  }

  @Test
  void vmresumeAcrossVmxoffIsError6() {
    VmxFixture f = VmxFixture.inGuest();
    f.sensitive().cpuid(2);
    f.vmx().vmxoff();
    f.vmx().vmxon(VMXON_REGION);
    f.vmx().vmptrld(VMCS_REGION);
    assertFails(f, 6, f.vmx().vmresume());
  }

  @Test
  void movSsBlockingIsError26() {
    VmxFixture f = VmxFixture.ready();
    f.state().interruptibility = Interruptibility.MOV_SS;
    assertFails(f, 26, f.vmx().vmlaunch());
  }

  @Test
  void vmcallInRootOperationIsError1() {
    VmxFixture f = VmxFixture.ready();
    assertFails(f, 1, f.vmx().vmcall());
  }

  @Test
  void vmreadAndVmwriteRefuseUnknownAndReadOnlyFields() {
    VmxFixture f = VmxFixture.ready("nehalem");
    assertFails(f, 12, f.vmx().vmread(0x7fff));
    assertFails(f, 12, f.vmx().vmwrite(0x7fff, 0));
    assertFails(f, 13, f.vmx().vmwrite(VmcsField.EXIT_REASON.encoding(), 0));
  }

  @ParameterizedTest
  @CsvSource({"0", "3", "-1", "4294967297"})
  void inveptRefusesTypesThatAreNotThere(long type) {
    VmxFixture f = VmxFixture.ready();
    assertFails(f, 28, f.vmx().invept(type, 0x1e));
  }

  @ParameterizedTest
  @CsvSource({"0", "1f", "26", "9e", "100000000000001e"})
  void inveptOfOneContextNeedsAnEptpThatVmEntryWouldTake(String eptp) {
    VmxFixture f = VmxFixture.ready("skylake-sp");
    assertFails(f, 28, f.vmx().invept(1, Long.parseLong(eptp, 16)));
    assertEquals(VmxOutcome.SUCCEED, f.vmx().invept(1, 0x901e));
    assertEquals(VmxOutcome.SUCCEED, f.vmx().invept(2, Long.parseLong(eptp, 16)));
  }

  @ParameterizedTest
  @CsvSource({
    "4, 1, 0",
    "-1, 1, 0",
    "0, 0, 0",
    "1, 0, 0",
    "3, 0, 0",
    "0, 65536, 0",
    "2, 65537, 0",
    "0, 1, 140737488355328"
  })
  void invvpidRefusesBadOperands(long type, long vpid, long address) {
    VmxFixture f = VmxFixture.ready("skylake-sp");
    assertFails(f, 28, f.vmx().invvpid(type, vpid, address));
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 4096", "1, 1, 140737488355328", "2, 0, 0", "3, 65535, 0"})
  void invvpidTakesGoodOperands(long type, long vpid, long address) {
    VmxFixture f = VmxFixture.ready("skylake-sp");
    assertEquals(VmxOutcome.SUCCEED, f.vmx().invvpid(type, vpid, address));
  }

  @Property(tries = 200)
  void vmfailSetsOnlyZfOfTheStatusFlagsAndKeepsTheRest(@ForAll @LongRange(max = 0xfff) long flags) {
    VmxFixture f = VmxFixture.ready();
    f.state().setRflags(flags);
    f.vmx().vmread(0x7fff);
    assertEquals((flags & ~STATUS_FLAGS) | ZF | 2, f.state().rflags());
  }

  @Property(tries = 300)
  void vmxonTakesARegionExactlyIfItIsAlignedAndWithinTheWidth(@ForAll long address) {
    VmxFixture f = new VmxFixture();
    boolean fits =
        (address & 0xfff) == 0 && address >>> f.processor.profile().cpuid().maxPhyAddr() == 0;
    if (fits) {
      f.memory.write32(address, f.capabilities.revisionId());
    }
    assertEquals(fits ? VmxOutcome.SUCCEED : VmxOutcome.FAIL_INVALID, f.vmx().vmxon(address));
  }

  @Test
  void everyInstructionIsChargedToTheVmm() {
    VmxFixture f = VmxFixture.ready();
    long before = f.processor.cycles().vmm;
    f.vmx().vmread(VmcsField.GUEST_RIP.encoding());
    f.vmx().vmwrite(VmcsField.GUEST_RIP.encoding(), 0);
    CostModel costs = f.processor.costs();
    assertEquals(costs.of(Cost.VMREAD) + costs.of(Cost.VMWRITE), f.processor.cycles().vmm - before);
  }

  @Test
  void capabilityMsrsAreReadableAndNotWritable() {
    VmxFixture f = new VmxFixture();
    MsrFile msrs = f.processor.msrs();
    assertTrue(msrs.read(VmxCapabilities.IA32_VMX_BASIC));
    assertEquals(f.capabilities.msr(VmxCapabilities.IA32_VMX_BASIC), msrs.value());
    assertFalse(msrs.write(VmxCapabilities.IA32_VMX_BASIC, 0));
  }

  private static void assertFails(VmxFixture f, int error, VmxOutcome outcome) {
    assertEquals(VmxOutcome.FAIL_VALID, outcome);
    assertEquals(ZF, f.state().rflags() & STATUS_FLAGS);
    assertEquals(error, f.read(VmcsField.VM_INSTRUCTION_ERROR));
  }
}
