package io.vmxsim.cli;

import io.vmxsim.traces.ReplayCheckpoints;
import io.vmxsim.traces.TraceFormats;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Snapshots that a replay leaves, or goes on from. */
final class ReplaySnapshots {
  /** Options that may differ when a replay goes on. */
  private static final Set<String> FREE =
      Set.of("--checkpoint", "--restore", "--output", "--report", "--perfetto");

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE[,every=N]",
      converter = Checkpoint.Form.class,
      description = "Leave a snapshot in FILE each N instructions, 100M by default.")
  private @Nullable Checkpoint checkpoint;

  @Option(
      names = "--restore",
      paramLabel = "FILE",
      description = "Go on from a snapshot that the same command left.")
  private @Nullable Path restore;

  /**
   * What was asked for; null if nothing.
   *
   * @param traces as given
   * @throws InputException if a trace cannot be read a second time
   */
  @Nullable ReplayCheckpoints checkpoints(CommandSpec spec, List<String> traces) {
    if (checkpoint == null && restore == null) {
      return null;
    }
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("command", "replay");
    facts.put("options", String.join(" ", options(spec)));
    for (String trace : traces) {
      facts.put("size of " + trace, Long.toString(size(trace)));
    }
    return checkpoint == null
        ? new ReplayCheckpoints(null, 0, restore, facts)
        : new ReplayCheckpoints(checkpoint.file(), checkpoint.every(), restore, facts);
  }

  private static List<String> options(CommandSpec spec) {
    List<String> all = new ArrayList<>();
    boolean skip = false;
    for (String word : spec.commandLine().getParseResult().originalArgs()) {
      String name = word.substring(0, word.indexOf('=') < 0 ? word.length() : word.indexOf('='));
      if (!skip && !FREE.contains(name)) {
        all.add(word);
      }
      skip = !skip && FREE.contains(word);
    }
    return all;
  }

  private static long size(String trace) {
    if (trace.equals(TraceFormats.STANDARD_INPUT)) {
      throw new InputException(trace, "", "expected a file, which can be read a second time");
    }
    try {
      return Files.size(Path.of(trace));
    } catch (IOException failure) {
      throw InputException.of(Path.of(trace), "expected a readable trace", failure);
    }
  }
}
