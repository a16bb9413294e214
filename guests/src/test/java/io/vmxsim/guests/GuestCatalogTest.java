package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.board.MachineEnd;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GuestCatalogTest {
  /** Sources that others include. */
  private static final Set<String> SHARED =
      Set.of(
          "start",
          "check",
          "legacy",
          "processors",
          "system-calls",
          "vmx-exits",
          "vmx",
          "boot-sector");

  @Test
  void everySourceIsListed() throws IOException, URISyntaxException {
    URL hello = Objects.requireNonNull(Guest.class.getResource("hello.asm"));
    Set<String> listed =
        GuestCatalog.list().stream()
            .map(Guest::name)
            .collect(Collectors.toCollection(TreeSet::new));
    listed.addAll(SHARED);
    try (Stream<Path> files = Files.list(Path.of(hello.toURI()).resolveSibling("."))) {
      Set<String> sources =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(file -> file.endsWith(".asm"))
              .map(file -> file.replace(".asm", ""))
              .collect(Collectors.toCollection(TreeSet::new));
      assertEquals(listed, sources);
    }
  }

  /** What each prints follows from what it does: so many pages, rounds, interrupts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hello            |                  | hello from 64-bit mode",
        "cpuid-loop       | rounds=20        | done",
        "port-io-loop     | rounds=20        | done",
        "mmio-loop        | rounds=20        | done",
        "timer-tick-loop  | ticks=7          | 7 ticks",
        "ipi-ping         | rounds=9         | 9 round trips",
        "ipi-broadcast    | rounds=1 way=0   | 79 interrupts",
        "ipi-broadcast    | rounds=1 way=1   | 79 interrupts",
        "exit-loop        | rounds=20 what=6 | done",
        "page-fault-storm | pages=30 rounds=4 | 120 page faults",
        "table-update-storm | pages=10 rounds=4 | 40 updates",
        "tlb-miss-storm   | pages=512 rounds=3 | 195840", // 3 * 2 * (0 + ... + 255)
        "context-switch-storm | processes=3 rounds=5 | 15 system calls",
        "context-switch-storm | processes=3 rounds=5 isolation=1 | 15 system calls",
        "context-switch-storm | processes=3 rounds=5 isolation=1 pcid=1 | 15 system calls",
        // as Bochs 2.7 and QEMU 7.2 print it
        "compute-loop     | rounds=2000      | 324d5d090026497c",
        "kernel-start     | processes=3 pages=8 calls=5 unmaps=2 interval=3000 | processor,"
            + " devices, 3 processes with 24 page faults and 24"
            + " system calls", // a process also calls to end
        "hypervisor       | rounds=50        | 51 VM exits, 50 of them answered as expected",
      })
  void prints(String name, String commandLine, String line) {
    GuestRun run = GuestRun.of(name, commandLine == null ? "" : commandLine);
    assertEquals(line + "\n", run.printed());
    assertEquals(MachineEnd.Cause.GUEST, run.end().cause());
    assertEquals(1, run.end().exitCode());
  }

  /** In each switch and back user mode leaves the kernel's tables: two more flushes of the TLB. */
  @Test
  void isolationCostsWalksThatPcidsSpare() {
    long together = walks("rounds=100");
    long isolated = walks("rounds=100 isolation=1");
    long tagged = walks("rounds=100 isolation=1 pcid=1");
    assertTrue(isolated > 1.5 * together, isolated + " and " + together);
    assertTrue(tagged < together / 10, tagged + " and " + together);
  }

  private static long walks(String commandLine) {
    GuestRun run = GuestRun.of("context-switch-storm", commandLine);
    return run.machine().processor(0).mmu().statistics().walks();
  }

  @Test
  void roundsAreWhatTheCommandLineSays() {
    long few = GuestRun.of("cpuid-loop", "rounds=10").machine().instructions();
    long more = GuestRun.of("cpuid-loop", "x=99 rounds=1010").machine().instructions();
    // XOR, CPUID, DEC, JNE; and two digits and a word of command line to read
    assertTrue(Math.abs(more - few - 4000) < 100, more + " and " + few);
  }

  @Test
  void aDiskHoldsTheImageBehindItsBootSector() {
    Guest hello = GuestCatalog.find("hello").orElseThrow();
    byte[] disk = hello.disk("word");
    byte[] image = hello.image();
    assertEquals(1440 * 1024, disk.length);
    assertEquals(0xaa55, ((disk[511] & 0xff) << 8) | (disk[510] & 0xff));
    for (int i = 0; i < image.length; i++) {
      assertEquals(image[i], disk[512 + i]);
    }
    assertTrue(MultibootLoader.accepts(image));
  }
}
