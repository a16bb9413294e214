package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.PhysicalMemory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What counts as canonical in MSRs ("5-Level Paging and 5-Level EPT", 335252). */
class CanonicalAddressTest {

  @ParameterizedTest
  @CsvSource({
    "skylake-sp, 800000000000, false", // 48 bits: bit 47 must equal the bits above
    "skylake-sp, 7fffffffffff, true",
    "max, 800000000000, true", // 57 bits, although CR4.LA57 is 0
    "max, 100000000000000, false",
    "max, ff45454545000000, true"
  })
  void theWidthIsWhatTheProcessorSupports(String profile, String address, boolean canonical) {
    CpuProfile cpu = CpuProfile.named(profile);
    Processor processor = new Processor(cpu, new PhysicalMemory(cpu.cpuid().maxPhyAddr()));
    long value = Long.parseUnsignedLong(address, 16);
    assertEquals(canonical, processor.msrs().write(Msr.IA32_SYSENTER_ESP.address(), value));
  }
}
