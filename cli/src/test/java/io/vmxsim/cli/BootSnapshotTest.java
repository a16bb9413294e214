package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that are stopped somewhere and go on in another machine. */
class BootSnapshotTest {
  private static final int POINTS = 3;

  private final Path folder;

  BootSnapshotTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Instructions of each guest, about. */
  @ParameterizedTest
  @CsvSource({"ipi-ping, 40000", "timer-tick-loop, 17000", "hypervisor, 900000"})
  void theRestOfARestoredRunIsTheSame(String guest, int instructions) throws IOException {
    Path serial = folder.resolve("serial");
    Path snapshot = folder.resolve("snapshot");
    Invocation whole = boot(guest, serial);
    byte[] sent = Files.readAllBytes(serial);
    Random random = new Random(guest.hashCode());
    for (int i = 0; i < POINTS; i++) {
      int point = 1 + random.nextInt(instructions);
      String limit = Integer.toString(point + random.nextInt(1000));
      boot(
          guest, serial, "--checkpoint", snapshot + ",every=" + point, "--max-instructions", limit);
      Invocation rest =
          Invocation.of(
              "boot",
              "--restore",
              snapshot.toString(),
              "--serial",
              serial.toString(),
              "--output",
              "json");
      assertEquals(whole, rest, "stopped at " + point);
      assertArrayEquals(sent, Files.readAllBytes(serial), "stopped at " + point);
    }
  }

  private static Invocation boot(String guest, Path serial, String... more) {
    String[] all = new String[6 + more.length];
    String[] first = {"boot", guest, "--serial", serial.toString(), "--output", "json"};
    System.arraycopy(first, 0, all, 0, first.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    return Invocation.of(all);
  }

  @Test
  void aSnapshotSaysWhatTheMachineIs() {
    String snapshot = folder.resolve("snapshot").toString();
    Invocation.of("boot", "hello", "--checkpoint", snapshot, "--max-instructions", "100");
    Invocation.of("boot", "hello", "--restore", snapshot).assertFails(2, "no IMAGE");
    Invocation.of("boot", "--restore", snapshot, "--cpus", "2").assertFails(2, "no --cpus");
    Invocation.of("boot").assertFails(2, "--restore FILE");
    Invocation.of("boot", "--checkpoint", "f,every=0", "hello").assertFails(2, "or more");
  }
}
