package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sensitive instructions outside VMX operation, and their changes in it (25.3). */
class SensitiveInstructionsTest {
  private static final int GP = 13;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "50033", // PG cleared in 64-bit mode
        "80000000", // PG without PE
        "a0050033", // NW without CD
        "180050033" // bit 32
      })
  void movToCr0RefusesImpossibleValues(String value) {
    VmxFixture f = new VmxFixture();
    f.sensitive().controlRegisters().movTo(0, Long.parseLong(value, 16), 0, 3);
    assertEquals(List.of(GP), f.delivered);
    assertNotEquals(0, f.state().cr0() & CpuState.CR0_PG);
  }

  @Test
  void movToCr4RefusesUnknownBitsAndLeavingPaeInIa32eMode() {
    VmxFixture f = new VmxFixture("nehalem");
    long cr4 = f.state().cr4();
    f.sensitive().controlRegisters().movTo(4, cr4 | 1 << 20, 0, 3); // SMEP came later
    f.sensitive().controlRegisters().movTo(4, cr4 & ~CpuState.CR4_PAE, 0, 3);
    assertEquals(List.of(GP, GP), f.delivered);
    assertEquals(
        StepOutcome.DONE, f.sensitive().controlRegisters().movTo(4, cr4 | CpuState.CR4_TSD, 0, 3));
    assertEquals(cr4 | CpuState.CR4_TSD, f.state().cr4());
  }

  @Test
  void movToCr3RefusesBitsBeyondThePhysicalAddressWidth() {
    VmxFixture f = new VmxFixture("skylake-sp");
    f.sensitive().controlRegisters().movTo(3, 1L << 50, 0, 3);
    f.sensitive().controlRegisters().movTo(3, 1L << 63, 0, 3);
    assertEquals(List.of(GP, GP), f.delivered, "bit 63 needs CR4.PCIDE");
    f.sensitive().controlRegisters().movTo(4, f.state().cr4() | CpuState.CR4_PCIDE, 0, 3);
    assertEquals(
        StepOutcome.DONE,
        f.sensitive().controlRegisters().movTo(3, VmxFixture.PML4 | 5 | 1L << 63, 0, 3));
    assertEquals(VmxFixture.PML4 | 5, f.state().cr3());
  }

  @Property(tries = 300)
  void aGuestReadsMaskedBitsOfCr0AndCr4FromTheShadow(
      @ForAll long mask, @ForAll long shadow, @ForAll boolean four) {
    VmxFixture f = VmxFixture.ready();
    f.write(four ? VmcsField.CR4_GUEST_HOST_MASK : VmcsField.CR0_GUEST_HOST_MASK, mask);
    f.write(four ? VmcsField.CR4_READ_SHADOW : VmcsField.CR0_READ_SHADOW, shadow);
    f.launch();
    long real = four ? f.state().cr4() : f.state().cr0();
    f.sensitive().controlRegisters().movFrom(four ? 4 : 0, CpuState.RBX, 3);
    assertEquals((real & ~mask) | (shadow & mask), f.state().register(CpuState.RBX));
  }

  @Property(tries = 300)
  void lmswExitsAsTheSdmSays(
      @ForAll @IntRange(max = 15) int source,
      @ForAll @IntRange(max = 15) int mask,
      @ForAll @IntRange(max = 15) int shadow) {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.CR0_GUEST_HOST_MASK, mask);
    f.write(VmcsField.CR0_READ_SHADOW, shadow);
    f.launch();
    boolean exits = (mask & source & ~shadow & 1) != 0;
    for (int bit = 1; bit < 4; bit++) {
      exits |= (mask >> bit & 1) == 1 && (source >> bit & 1) != (shadow >> bit & 1);
    }
    assertEquals(exits, f.processor.intercepts().lmsw(source));
  }

  @Test
  void theTprShadowServesCr8AndItsThresholdExitsBehindTheInstruction() {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, 0x10000);
    f.write(VmcsField.TPR_THRESHOLD, 5);
    f.memory.write32(0x10080, 0xf0); // VTPR, which VM entry holds against the threshold
    f.launch();
    assertEquals(StepOutcome.DONE, f.sensitive().controlRegisters().movTo(8, 5, 0, 4));
    assertEquals(0x50, f.memory.read32(0x10080));
    f.sensitive().controlRegisters().movFrom(8, CpuState.RBX, 4);
    assertEquals(5, f.state().register(CpuState.RBX));
    assertEquals(StepOutcome.EXIT, f.sensitive().controlRegisters().movTo(8, 4, 0, 4));
    assertEquals(ExitReason.TPR_BELOW_THRESHOLD, f.exitReason());
    assertEquals(VmxFixture.GUEST_RIP + 4, f.read(VmcsField.GUEST_RIP));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x174, 0x175, 0x277, 0x6e0, 0x1b, 0xc0000082, 0xc0000100, 0xc0000103})
  void msrsHoldWhatIsWritten(int address) {
    VmxFixture f = new VmxFixture();
    f.state().setRegister(CpuState.RCX, Integer.toUnsignedLong(address));
    f.state().setEdxEax(0x0006_0106);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().wrmsr(2));
    f.state().setEdxEax(0);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().rdmsr(2));
    assertEquals(0x0006_0106, f.state().edxEax());
  }

  @ParameterizedTest
  @CsvSource({
    "c0000082, 100000000000000", // not canonical
    "277, 2", // a reserved memory type
    "174, 100000000",
    "c0000080, 2", // a reserved bit of IA32_EFER
    "c0000080, 0", // LME cannot change while paging is on
    "3a, 5", // locked
    "12345, 0"
  })
  void badMsrWritesGetGeneralProtection(String address, String value) {
    VmxFixture f = new VmxFixture();
    f.state().setRegister(CpuState.RCX, Long.parseLong(address, 16));
    f.state().setEdxEax(Long.parseUnsignedLong(value, 16));
    assertEquals(StepOutcome.FAULTED, f.sensitive().msrs().wrmsr(2));
    assertEquals(List.of(GP), f.delivered);
  }

  @Test
  void userModeIoIsDecidedByTheTasksBitMap() {
    VmxFixture f = new VmxFixture();
    f.state().loadSegment(Segment.TR, 0x18, 0x6000, 0x67 + 17, Segment.BUSY_TSS);
    f.memory.write16(0x6066, 0x68);
    f.memory.write8(0x6068 + 0x60 / 8, 1);
    f.state().setCpl(3);
    assertEquals(StepOutcome.FAULTED, f.sensitive().io().in(0x60, 1, 2));
    assertEquals(StepOutcome.DONE, f.sensitive().io().in(0x61, 1, 2));
    assertEquals(StepOutcome.FAULTED, f.sensitive().io().in(0x200, 1, 2), "beyond the TSS's limit");
    f.state().setRflags(0x3002);
    assertEquals(StepOutcome.DONE, f.sensitive().io().in(0x60, 1, 2), "IOPL 3");
  }

  @Test
  void equalSeedsGiveEqualRandomNumbersAndOthersGiveOthers() {
    long[] drawn = new long[3];
    long[] seeds = {7, 7, 8};
    for (int i = 0; i < seeds.length; i++) {
      VmxFixture f = new VmxFixture("skylake-sp");
      f.sensitive().seed(seeds[i]);
      assertEquals(StepOutcome.DONE, f.sensitive().rdrand(3, 8, 4));
      drawn[i] = f.state().register(3);
    }
    assertEquals(drawn[0], drawn[1]);
    assertNotEquals(drawn[0], drawn[2]);
  }

  @Test
  void instructionsThatTheCpuLacksAreInvalid() {
    VmxFixture f = new VmxFixture("nehalem");
    f.sensitive().rdrand(0, 8, 3);
    f.sensitive().invpcid(2, 0, 0, 5);
    assertEquals(List.of(6, 6), f.delivered);
  }

  @ParameterizedTest
  @CsvSource({"4, 0, 0", "0, 4096, 0", "0, 1, 0", "0, 0, 800000000000"})
  void invpcidRefusesBadOperands(long type, long pcid, String address) {
    VmxFixture f = new VmxFixture("skylake-sp");
    f.sensitive().invpcid(type, pcid, Long.parseLong(address, 16), 5);
    assertEquals(List.of(GP), f.delivered);
  }

  @Test
  void rdtscNeedsCpl0WhileTsdIsSet() {
    VmxFixture f = new VmxFixture();
    f.sensitive().controlRegisters().movTo(4, f.state().cr4() | CpuState.CR4_TSD, 0, 3);
    f.state().setCpl(3);
    assertEquals(StepOutcome.FAULTED, f.sensitive().rdtsc(2));
  }

  @Test
  void pauseLoopsExitAfterTheWindow() {
    VmxFixture f = VmxFixture.ready();
    f.set(SecondaryControl.PAUSE_LOOP_EXITING);
    f.write(VmcsField.PLE_GAP, 300);
    f.write(VmcsField.PLE_WINDOW, 1000);
    f.launch();
    int pauses = 0;
    while (f.sensitive().waits().pause(2) == StepOutcome.DONE) {
      f.processor.cycles().guest += 100;
      pauses++;
    }
    assertEquals(ExitReason.PAUSE_INSTRUCTION, f.exitReason());
    long each = 100 + f.processor.costs().instruction(ordinal(InstructionClass.PAUSE));
    assertEquals(1000 / each + 1, pauses);
  }

  @Property(tries = 200)
  void anAccessFaultsExactlyIfOneOfItsPagesIsNotMapped(
      @ForAll @LongRange(min = 0, max = 0x900_000) long address,
      @ForAll @IntRange(min = 1, max = 64) int size) {
    VmxFixture f = new VmxFixture();
    boolean mapped = address + size <= 0x800_000;
    assertEquals(
        mapped ? StepOutcome.DONE : StepOutcome.FAULTED,
        f.processor.memoryAccess().perform(address, size, Access.READ));
    if (!mapped) {
      assertEquals(Math.max(address, 0x800_000), f.state().cr2);
    }
  }

  @Test
  void instructionsAreRetiredAtTheirPrice() {
    VmxFixture f = new VmxFixture();
    f.sensitive().cpuid(2);
    assertEquals(1, f.processor.instructions());
    assertEquals(
        f.processor.costs().instruction(ordinal(InstructionClass.CPUID)),
        f.processor.cycles().guest);
  }

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private static int ordinal(InstructionClass instructionClass) {
    return instructionClass.ordinal();
  }
}
