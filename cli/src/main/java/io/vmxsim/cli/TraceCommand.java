package io.vmxsim.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The commands about trace files themselves. */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description =
        "Looks into trace files, converts and generates them; docs/traces.md describes the formats.",
    commandListHeading = "%nCommands:%n",
    subcommands = {
      TraceInfoCommand.class,
      TraceHeadCommand.class,
      TraceConvertCommand.class,
      TraceGenerateCommand.class,
      TraceKvmCommand.class
    })
final class TraceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /** Without a command: the help, as an error. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitCode.BAD_INPUT;
  }
}
