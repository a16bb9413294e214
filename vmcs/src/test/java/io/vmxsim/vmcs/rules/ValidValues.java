package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.VmcsField;
import java.util.Random;

/** Random values of registers without reserved bits. */
final class ValidValues {

  private static final int[] MEMORY_TYPES = {0, 1, 4, 5, 6, 7};

  private final Random random;
  private final TestCpu cpu;

  ValidValues(Random random, TestCpu cpu) {
    this.random = random;
    this.cpu = cpu;
  }

  long cr0() {
    return 0x8000_0021L | (random.nextLong() & 0xFFFF_FFFFL);
  }

  long cr4() {
    return 0x2000 | (random.nextLong() & cpu.capabilities().cr4MayBe1());
  }

  long cr3() {
    return random.nextLong() >>> (64 - TestCpu.PHYSICAL_BITS);
  }

  long canonical() {
    return random.nextLong() >> (64 - cpu.cpuFacts().linearAddressBits());
  }

  /** Canonical, or of 32 bits. */
  long address(boolean wide) {
    return wide ? canonical() : random.nextLong() >>> 32;
  }

  long pat() {
    long pat = 0;
    for (int i = 0; i < 8; i++) {
      pat = pat << 8 | MEMORY_TYPES[random.nextInt(MEMORY_TYPES.length)];
    }
    return pat;
  }

  long supervisorCet(boolean wide) {
    return address(wide) & ~(0xFL << 6) & ~(random.nextBoolean() ? 1L << 10 : 1L << 11);
  }

  /** The MSRs of FRED of one side, “HOST” or “GUEST”. */
  void fred(Scenario scenario, String side) {
    scenario.set(
        VmcsField.valueOf(side + "_IA32_FRED_CONFIG"),
        canonical() & ~(1L << 2 | 3L << 4 | 1L << 11));
    for (int i = 1; i <= 3; i++) {
      scenario.set(VmcsField.valueOf(side + "_IA32_FRED_RSP" + i), canonical() & ~0x3FL);
      scenario.set(VmcsField.valueOf(side + "_IA32_FRED_SSP" + i), canonical() & ~7L);
    }
  }
}
