package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Snapshots that a kernel's run leaves, or goes on from. */
final class SnapshotOptions {
  /** What a snapshot already says. */
  private static final List<String> IN_SNAPSHOT =
      List.of("--cpu", "--memory", "--cpus", "--append", "--initrd", "--paging", "--top");

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE[,every=N]",
      converter = Checkpoint.Form.class,
      description =
          "Leave a snapshot of the machine in FILE each N instructions, 100M by default, and when"
              + " the run is stopped.")
  private @Nullable Checkpoint checkpoint;

  @Option(
      names = "--restore",
      paramLabel = "FILE",
      description = "Go on from a snapshot, in place of IMAGE and what describes the machine.")
  private @Nullable Path restore;

  /** Where snapshots go, if anywhere. */
  @Nullable Checkpoint checkpoint() {
    return checkpoint;
  }

  /**
   * The snapshot to go on from, if there is one.
   *
   * @param image of the kernel, if one was given
   * @throws InputException if something was given that the snapshot says
   */
  @Nullable Path restore(CommandSpec spec, @Nullable String image) {
    if (restore != null) {
      require(image == null, "no IMAGE: the snapshot has it");
      for (String option : IN_SNAPSHOT) {
        boolean said = spec.commandLine().getParseResult().hasMatchedOption(option);
        require(!said, "no " + option + ": the snapshot says it");
      }
    }
    return restore;
  }

  private static void require(boolean condition, String expected) {
    if (!condition) {
      throw new InputException("--restore", "", "expected " + expected);
    }
  }
}
