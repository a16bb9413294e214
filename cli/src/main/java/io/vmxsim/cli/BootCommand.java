package io.vmxsim.cli;

import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.traces.MachineReport;
import io.vmxsim.traces.Recording;
import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a kernel image on the bare machine. */
@Command(
    name = "boot",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Runs a kernel image on the bare simulated machine: a PC with a serial port, whose output is"
          + " printed as it comes. The guest's isa-debug-exit status s becomes exit code 2s+1.",
    })
final class BootCommand implements Callable<Integer> {
  @Parameters(paramLabel = "IMAGE", arity = "0..1", description = GuestImage.DESCRIPTION)
  private @Nullable String image;

  @Mixin private KernelOptions kernel;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = Choice.OfOutput.class,
      completionCandidates = Choice.OfOutput.class,
      description = "Statistics at the end, behind the serial output: ${COMPLETION-CANDIDATES}.")
  private @Nullable Output output;

  @Option(
      names = "--record",
      paramLabel = "FILE.vxt",
      description = "Also write what the software does as a trace, for `vmxsim replay`.")
  private @Nullable Path record;

  @Mixin private SnapshotOptions snapshots;

  @Spec private CommandSpec spec;

  private @Nullable Recording recording;

  @Override
  public Integer call() {
    try {
      return run();
    } finally {
      if (recording != null) {
        recording.close();
      }
    }
  }

  private int run() {
    KernelRun run = new KernelRun(spec, kernel).leaving(snapshots.checkpoint());
    run.whenLoaded(
        () -> {
          if (recording != null) {
            recording.beginBare(kernel.cpuName());
          }
        });
    String given = image;
    Path from = snapshots.restore(spec, given);
    if (record != null && (from != null || snapshots.checkpoint() != null)) {
      throw new InputException("--record", "", "expected neither --checkpoint nor --restore");
    }
    if (from != null) {
      return run.goOn(from, BootFacts.BOOT, facts -> Platform.BARE, this::report);
    } else if (given == null) {
      throw new InputException("IMAGE", "", "expected a kernel, or --restore FILE");
    }
    return run.run(GuestImage.of(given), Map.of(), Platform.BARE, this::report);
  }

  private Supplier<String> report(BootFacts facts, Machine machine) {
    recording = record == null ? null : new Recording(machine, record);
    return () -> {
      if (recording != null) {
        recording.finishBare();
      }
      if (output == null) {
        return "";
      }
      return output == Output.JSON ? MachineReport.json(machine) : MachineReport.text(machine);
    };
  }
}
