package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuProfileReportTest {

  @Test
  void theListNamesEveryProfile() {
    String list = CpuProfileReport.list();
    for (String name : CpuProfile.names()) {
      assertTrue(list.contains("\n" + name + " "), name);
    }
  }

  @ParameterizedTest
  @MethodSource("io.vmxsim.cpu.CpuProfileTest#names")
  void aReportShowsEveryValueOnceWithItsStatusAndSource(String name) {
    CpuProfile profile = CpuProfile.named(name);
    String report = CpuProfileReport.of(profile);
    for (ProfileEntry entry : profile.entries().values()) {
      String value =
          String.format(
              "%-30s %s %s, %s [", entry.key(), entry.value(), entry.unit(), entry.status().word());
      assertEquals(2, report.split(java.util.regex.Pattern.quote("  " + value), -1).length, value);
      assertTrue(report.contains("] " + entry.source() + "\n"), entry.source());
    }
  }

  @Test
  void theHeadCountsValuesByStatus() {
    String report = CpuProfileReport.of(CpuProfile.named("haswell").with("vmread", "1"));
    assertTrue(report.contains(", 1 set by user\n"), report);
    assertTrue(report.contains("vmread                         1 cycles, set by user ["), report);
  }

  @Test
  void controlsAreThoseThatMayBe1() {
    String nehalem = CpuProfileReport.of(CpuProfile.named("nehalem"));
    assertTrue(nehalem.contains("ENABLE_EPT"));
    assertFalse(nehalem.contains("UNRESTRICTED_GUEST"));
    assertTrue(nehalem.contains("  tertiary processor-based: none\n"));
  }

  @Test
  void linesStayReadable() {
    String report = CpuProfileReport.of(CpuProfile.named("max"));
    report
        .lines()
        .takeWhile(line -> !line.startsWith("[costs]"))
        .forEach(line -> assertTrue(line.length() <= 100, line));
  }
}
