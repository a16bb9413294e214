package io.vmxsim.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that are stopped somewhere and go on in another machine. */
class StoppedRunTest {
  private static final int POINTS = 2;

  private final Path folder;

  StoppedRunTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** A command without its serial port, and how many instructions it takes, about. */
  @ParameterizedTest
  @CsvSource({
    "boot ipi-ping, 40000",
    "boot timer-tick-loop, 17000",
    "boot hypervisor, 900000",
    "run kernel-start --cpu skylake-sp --top 3, 90000",
    "run kernel-start --cpu skylake-sp --paging shadow, 90000",
    "run ipi-ping, 40000",
    "replay --paging shadow --top 3 --limit 1M, 900000",
    "replay TRACE --limit 500k, 400000",
    "replay --paging ept --timer-instructions 50k --warmup 100k --limit 600k --data-caches, 500000",
  })
  void theRestOfARestoredRunIsTheSame(String command, int instructions) throws IOException {
    Path trace = folder.resolve("trace.vxt");
    if (command.contains("TRACE")) {
      Invocation.of("trace", "generate", "tlb-misses", trace.toString());
    }
    StoppedRuns runs = new StoppedRuns(command.replace("TRACE", trace.toString()), folder);
    Random random = new Random(command.hashCode());
    for (int i = 0; i < POINTS; i++) {
      runs.check(1 + random.nextInt(instructions));
    }
  }

  @Test
  void aSnapshotSaysWhatTheMachineIs() {
    String snapshot = folder.resolve("snapshot").toString();
    Invocation.of("boot", "hello", "--checkpoint", snapshot, "--max-instructions", "100");
    Invocation.of("boot", "hello", "--restore", snapshot).assertFails(2, "no IMAGE");
    Invocation.of("boot", "--restore", snapshot, "--cpus", "2").assertFails(2, "no --cpus");
    Invocation.of("run", "--restore", snapshot).assertFails(2, "snapshot that run left");
    Invocation.of("boot").assertFails(2, "--restore FILE");
    Invocation.of("boot", "--checkpoint", "f,every=0", "hello").assertFails(2, "or more");
  }
}
