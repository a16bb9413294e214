package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.ept.PhysicalMemory;
import org.junit.jupiter.api.Test;

/** What a local APIC changes about its processor. */
class ProcessorApicTest {
  private static final int X2APIC_ICR = 0x830;
  private static final long PAGE = 0xfee00000L;

  private final CpuProfile profile = CpuProfile.named("max");
  private final ApicNetwork network = new ApicNetwork();
  private final PhysicalMemory memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
  private final Processor first = processor(0);
  private final Processor second = processor(1);

  private Processor processor(int id) {
    Processor processor = new Processor(profile, memory, Bus.withRam(1 << 20));
    processor.attachLocalApic(network, id);
    processor.state().startIn64BitMode(0x1000);
    return processor;
  }

  private int[] cpuid(Processor processor, int leaf, int subleaf) {
    CpuState state = processor.state();
    state.setRegister(CpuState.RAX, leaf);
    state.setRegister(CpuState.RCX, subleaf);
    assertEquals(StepOutcome.DONE, processor.sensitive().cpuid(2));
    return new int[] {
      (int) state.register(CpuState.RAX),
      (int) state.register(CpuState.RBX),
      (int) state.register(CpuState.RCX),
      (int) state.register(CpuState.RDX)
    };
  }

  @Test
  void cpuidTellsProcessorsApart() {
    assertEquals(0, cpuid(first, 1, 0)[1] >>> 24);
    assertEquals(1, cpuid(second, 1, 0)[1] >>> 24);
    assertEquals(1, cpuid(second, 0xb, 0)[3]);
    assertEquals(1, cpuid(second, 0xb, 5)[3], "beyond the last level too");
  }

  @Test
  void cpuidHidesADisabledApic() {
    assertEquals(1, cpuid(first, 1, 0)[3] >>> 9 & 1);
    assertTrue(first.msrs().write(Msr.IA32_APIC_BASE.address(), PAGE | 0x100));
    assertEquals(0, cpuid(first, 1, 0)[3] >>> 9 & 1);
  }

  @Test
  void cpuidGivesTheXsaveAreaOfWhatIsEnabled() {
    assertEquals(576, cpuid(first, 0xd, 0)[1]);
    first.state().xcr0 = 7;
    assertEquals(576 + 256, cpuid(first, 0xd, 0)[1]);
    assertEquals(576 + 256, cpuid(first, 0xd, 1)[1]);
    first.state().xcr0 = 0xe7;
    assertEquals(0x680 + 0x400, cpuid(first, 0xd, 0)[1]);
    assertEquals(576 + 256 + 64 + 512 + 1024, cpuid(first, 0xd, 1)[1]);
  }

  @Test
  void registersAreInMemoryWhereTheProcessorHasThem() {
    assertEquals(1L << 24, second.readDevice(PAGE + 0x20, 4));
    assertTrue(second.msrs().write(Msr.IA32_APIC_BASE.address(), 0xfed40800L));
    assertEquals(0xffffffffL, second.readDevice(PAGE + 0x20, 4));
    assertEquals(1L << 24, second.readDevice(0xfed40020L, 4));
    assertEquals(0, first.readDevice(PAGE + 0x20, 4), "the other's stay");
  }

  @Test
  void x2apicRegistersAreMsrsOnlyInX2apicMode() {
    assertFalse(first.msrs().read(0x802));
    assertTrue(second.msrs().write(Msr.IA32_APIC_BASE.address(), PAGE | 0xc00));
    assertTrue(second.msrs().read(0x802));
    assertEquals(1, second.msrs().value());
    assertFalse(second.msrs().read(0x8ff));
  }

  @Test
  void initAndStartUpStartAnApplicationProcessor() {
    enterX2apicMode(first);
    enterX2apicMode(second);
    second.state().setCr0(CpuState.CR0_PE | CpuState.CR0_PG);
    first.msrs().write(X2APIC_ICR, 1L << 32 | 5 << 8 | 1 << 14);
    first.msrs().write(X2APIC_ICR, 1L << 32 | 6 << 8 | 0x9a);
    second.pollEvents();
    assertEquals(CpuState.CR0_ET, second.state().cr0());
    assertEquals(0xff, value(second, 0x80f), "the local APIC is initialized too");
    assertEquals(1, value(second, 0x802));
    assertEquals(ActivityState.WAIT_FOR_SIPI, second.state().activity);
    second.pollEvents();
    assertEquals(ActivityState.ACTIVE, second.state().activity);
    assertEquals(0x9a000, second.state().base(Segment.CS));
    assertEquals(0, second.state().rip);
  }

  private static void enterX2apicMode(Processor processor) {
    long base = processor.msrs().get(Msr.IA32_APIC_BASE);
    assertTrue(processor.msrs().write(Msr.IA32_APIC_BASE.address(), base | 1 << 10));
  }

  private static long value(Processor processor, int msr) {
    assertTrue(processor.msrs().read(msr));
    return processor.msrs().value();
  }

  @Test
  void timeStampAdjustMovesWithTheTimeStampCounter() {
    MsrFile msrs = first.msrs();
    assertEquals(0, msrs.get(Msr.IA32_TSC_ADJUST));
    long before = msrs.timeStampCounter();
    assertTrue(msrs.write(Msr.IA32_TSC_ADJUST.address(), 1000));
    assertEquals(before + 1000, msrs.timeStampCounter());
    assertTrue(msrs.write(Msr.IA32_TIME_STAMP_COUNTER.address(), before + 5000));
    assertEquals(5000, msrs.get(Msr.IA32_TSC_ADJUST));
  }

  @Test
  void msrsOfFeaturesThatCpuidHidesAreNotThere() {
    Processor plain = new Processor(CpuProfile.named("nehalem"), memory);
    assertFalse(plain.msrs().read(Msr.IA32_SPEC_CTRL.address()));
    assertFalse(plain.msrs().write(Msr.IA32_PRED_CMD.address(), 1));
    assertFalse(first.msrs().read(Msr.IA32_PRED_CMD.address()), "write-only");
    assertTrue(first.msrs().write(Msr.IA32_PRED_CMD.address(), 1));
    assertFalse(first.msrs().write(Msr.IA32_PRED_CMD.address(), 2));
  }
}
