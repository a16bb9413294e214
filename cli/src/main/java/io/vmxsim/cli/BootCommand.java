package io.vmxsim.cli;

import io.vmxsim.cpu.board.Platform;
import io.vmxsim.traces.MachineReport;
import java.util.concurrent.Callable;
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
  private enum Output {
    TEXT,
    JSON
  }

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  @Parameters(paramLabel = "IMAGE", description = GuestImage.DESCRIPTION)
  private String image = "";

  @Mixin private KernelOptions kernel;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = OutputChoice.class,
      completionCandidates = OutputChoice.class,
      description = "Statistics at the end, behind the serial output: ${COMPLETION-CANDIDATES}.")
  private @Nullable Output output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    return new KernelRun(spec, kernel)
        .run(
            GuestImage.of(image),
            Platform.BARE,
            machine ->
                () ->
                    output == null
                        ? ""
                        : output == Output.JSON
                            ? MachineReport.json(machine)
                            : MachineReport.text(machine));
  }
}
