package io.vmxsim.validation.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs that may be installed. */
final class PeerProcess {
  private PeerProcess() {}

  /** Whether there is such a program on the search path. */
  static boolean isInstalled(String program) {
    String path = System.getenv("PATH");
    return path != null
        && Arrays.stream(path.split(":", -1))
            .anyMatch(at -> Files.isExecutable(Path.of(at, program)));
  }

  /** Runs a program to its end; false if it had to be killed. */
  static boolean run(List<String> command, Path input, Path output, int seconds) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(input.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
      kill(process);
      return ended;
    } catch (IOException failure) {
      throw new IllegalStateException(command.get(0), failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  /** Ends a process and waits for its end. */
  static void kill(Process process) throws InterruptedException {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }
}
