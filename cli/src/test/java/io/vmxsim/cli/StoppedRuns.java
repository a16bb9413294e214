package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/**
 * One command of which runs are stopped somewhere, and go on from the snapshot that they left. As a
 * program, {@code StoppedRuns POINTS} does so at that many random points in all, over guests and
 * traces: docs/snapshots.md.
 */
final class StoppedRuns {
  private static final long SEED = 20_260_101;

  /** Commands and how many instructions each takes, about; the last two replay a trace. */
  private static final Map<String, Long> COMMANDS =
      Map.of(
          "boot ipi-ping", 40_000L,
          "boot hypervisor", 900_000L,
          "run kernel-start --cpu skylake-sp --top 5", 90_000L,
          "run kernel-start --cpu skylake-sp --paging shadow", 90_000L,
          "run timer-tick-loop", 17_000L,
          "replay --paging shadow --top 5", 5_480_000L,
          "replay TRACE --cpu haswell", 2_000_000L);

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
    whole = invoke("");
    sent = sent();
  }

  /**
   * Stops the command at that instruction, from where a replay is only copied, and compares what
   * the rest comes to.
   */
  void check(long point) throws IOException {
    String checkpoint = " --checkpoint " + snapshot + ",every=" + point;
    invoke(checkpoint + (isReplay() ? "" : " --max-instructions " + point));
    assertEquals(whole, invoke(" --restore " + snapshot), () -> command + ", stopped at " + point);
    assertArrayEquals(sent, sent(), () -> command + ", stopped at " + point);
  }

  private boolean isReplay() {
    return command.startsWith("replay");
  }

  private byte[] sent() throws IOException {
    return isReplay() ? new byte[0] : Files.readAllBytes(serial);
  }

  /** A kernel goes on from its snapshot alone, a replay by the same command. */
  private Invocation invoke(String more) {
    String words = command;
    if (more.startsWith(" --restore") && !isReplay()) {
      words = command.substring(0, command.indexOf(' '));
    }
    String output = isReplay() ? " --output json" : " --output json --serial " + serial;
    return Invocation.of((words + output + more).split(" "));
  }

  /** {@code POINTS [FOLDER]}: prints a line for each command; an exception if one differs. */
  public static void main(String[] arguments) throws IOException {
    int points = Integer.parseInt(arguments[0]);
    Path folder = Files.createTempDirectory("stopped");
    Path trace = folder.resolve("trace.vxt");
    Invocation.of("trace", "generate", "tlb-misses", trace.toString());
    Random random = new Random(SEED);
    List<String> commands = new ArrayList<>(new TreeMap<>(COMMANDS).keySet());
    for (int i = 0; i < commands.size(); i++) {
      String name = commands.get(i);
      StoppedRuns runs = new StoppedRuns(name.replace("TRACE", trace.toString()), folder);
      int here = points / commands.size() + (i < points % commands.size() ? 1 : 0);
      for (int j = 0; j < here; j++) {
        runs.check(1 + (long) (random.nextDouble() * Objects.requireNonNull(COMMANDS.get(name))));
      }
      System.out.println(name + ": " + here + " points, all the same");
    }
  }
}
