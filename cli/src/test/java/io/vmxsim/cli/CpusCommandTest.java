package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import org.junit.jupiter.api.Test;

class CpusCommandTest {
  @Test
  void listsEveryProfile() {
    Invocation cpus = Invocation.of("cpus");

    assertEquals(0, cpus.exitCode(), cpus.err());
    for (String name : CpuProfile.names()) {
      assertTrue(cpus.out().contains(name), name);
    }
  }

  @Test
  void showsAProfileWithItsPrices() {
    Invocation cpu = Invocation.of("cpus", "haswell");

    assertEquals(0, cpu.exitCode(), cpu.err());
    assertTrue(cpu.out().contains("walk.entry-read"), cpu.out());
  }

  @Test
  void anUnknownCpuIsOneLineThatNamesTheKnownOnes() {
    Invocation.of("cpus", "abacus").assertFails(2, "abacus", "skylake-sp");
  }
}
