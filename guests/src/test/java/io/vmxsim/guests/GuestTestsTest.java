package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.board.MachineEnd;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every guest that tests the processor passes all of its tests on the profile that has all. */
class GuestTestsTest {
  static Stream<String> tests() {
    return GuestCatalog.list().stream().map(Guest::name).filter(name -> name.startsWith("test-"));
  }

  @ParameterizedTest
  @MethodSource("tests")
  void passes(String name) {
    expectPassed(GuestRun.of(name, ""));
  }

  /** The widest processor has no address bits left to be reserved. */
  @Test
  void reservedAddressBitsFaultWhereThereAreAny() {
    GuestRun run = GuestRun.of("test-vmx-paging", "", "max,phys-bits=36");
    assertTrue(run.printed().contains("PASS: with reserved bits, too"), run.printed());
    expectPassed(run);
  }

  private static void expectPassed(GuestRun run) {
    long passed = run.printed().lines().filter(line -> line.startsWith("PASS: ")).count();
    assertTrue(passed > 0, run.printed());
    assertTrue(run.printed().endsWith("\n" + passed + " tests, 0 failed\n"), run.printed());
    assertEquals(new MachineEnd(MachineEnd.Cause.GUEST, 1, 0), run.end());
  }
}
