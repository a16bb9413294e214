package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One command of which runs are stopped somewhere, and go on from the snapshot that they left. As a
 * program, {@code StoppedRuns POINTS} does so at that many random points in all, over guests and
 * traces: docs/snapshots.md.
 */
final class StoppedRuns {
  private final String command;
  private final Path snapshot;
  private final Path serial;
  private final Invocation whole;
  private final byte[] sent;

  /** Runs the command to its end, once. */
  StoppedRuns(String command, Path folder) throws IOException {
    this.command = command;
    snapshot = folder.resolve("snapshot");
    serial = folder.resolve("serial");
    whole = invoke(command);
    sent = Files.readAllBytes(serial);
  }

  /** Has it leave a snapshot at that instruction and stop, and compares what the rest comes to. */
  void check(long point) throws IOException {
    invoke(command, "--checkpoint", snapshot + ",every=" + point, "--max-instructions", "" + point);
    String name = command.substring(0, command.indexOf(' '));
    Invocation rest = invoke(name, "--restore", snapshot.toString());
    assertEquals(whole, rest, () -> command + ", stopped at " + point);
    assertArrayEquals(sent, Files.readAllBytes(serial), () -> command + ", stopped at " + point);
  }

  private Invocation invoke(String words, String... more) {
    List<String> all = new ArrayList<>(List.of(words.split(" ")));
    all.addAll(List.of("--serial", serial.toString(), "--output", "json"));
    all.addAll(List.of(more));
    return Invocation.of(all.toArray(String[]::new));
  }
}
