package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs in processes of their own that are ended by {@code kill -9}, and go on from a snapshot. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class KilledRunTest {
  private static final int INTERVAL = 50_000;

  /** Snapshots that must have been written before the process is killed. */
  private static final int SNAPSHOTS = 3;

  private final Path snapshot;
  private final Path serial;

  KilledRunTest(@TempDir Path folder) {
    snapshot = folder.resolve("snapshot");
    serial = folder.resolve("serial");
  }

  @ParameterizedTest
  @CsvSource({
    "run, compute-loop --append rounds=2500",
    "run, table-update-storm --append rounds=400 --paging shadow --cpu skylake-sp",
  })
  void whatIsKilledGoesOnFromTheLastSnapshotAsIfNothingHadHappened(String command, String rest)
      throws IOException, InterruptedException {
    Invocation whole = invoke(command, rest);
    byte[] sent = Files.readAllBytes(serial);

    killWhileRunning(command, rest);
    Invocation restored = invoke(command, "--restore " + snapshot);

    assertEquals(whole, restored);
    assertArrayEquals(sent, Files.readAllBytes(serial));
  }

  private Invocation invoke(String command, String rest) {
    return Invocation.of(words(command, rest).toArray(String[]::new));
  }

  private List<String> words(String command, String rest) {
    return List.of((command + " " + rest + " --output json --serial " + serial).split(" "));
  }

  /** Kills the process somewhere behind the third snapshot; it must not have come to its end. */
  private void killWhileRunning(String command, String rest)
      throws IOException, InterruptedException {
    List<String> java = new ArrayList<>();
    java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String module : List.of("java.lang", "java.lang.reflect", "java.nio", "java.util")) {
      java.add("--add-opens=java.base/" + module + "=ALL-UNNAMED");
    }
    java.addAll(List.of("-cp", System.getProperty("java.class.path")));
    java.add(VmxsimCommand.class.getName());
    java.addAll(words(command, rest));
    java.addAll(List.of("--checkpoint", snapshot + ",every=" + INTERVAL));
    Process process =
        new ProcessBuilder(java)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Object last = "";
    for (int seen = 0; seen < SNAPSHOTS && process.isAlive(); Thread.sleep(1)) {
      Object now = Files.exists(snapshot) ? Files.getAttribute(snapshot, "unix:ino") : "";
      seen += now.equals(last) ? 0 : 1;
      last = now;
    }
    process.destroyForcibly(); // SIGKILL
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertEquals(128 + 9, process.exitValue(), "killed before its end");
    assertFalse(last.equals(""));
  }
}
