package io.vmxsim.cli;

import java.io.FileDescriptor;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The program: dispatches to one command per class. */
@Command(
    name = "vmxsim",
    mixinStandardHelpOptions = true,
    versionProvider = VmxsimCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Replays what a real program did, instruction by instruction, on a simulated Intel processor"
          + " with VT-x: natively, or as a guest of a small VMM shaped like KVM. Shows the VM exits"
          + " by reason, the page walks, and where the cycles go.",
    },
    commandListHeading = "%nCommands:%n",
    subcommands = {
      ReplayCommand.class,
      CompareCommand.class,
      BootCommand.class,
      RunCommand.class,
      SuiteCommand.class,
      TraceCommand.class,
      CheckCommand.class,
      FieldsCommand.class,
      CapsCommand.class,
      CpusCommand.class,
      GuestsCommand.class,
      ValidateCommand.class,
      PeersCommand.class,
      CompletionCommand.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  vmxsim compare                      paging modes side by side, on the bundled sample",
      "  vmxsim compare --host-page 4k,2m    what large host pages save",
      "  vmxsim replay --top 5 my.vxt        exits by reason, and the five worst places",
      "  dmesg | vmxsim check -              why KVM's VM entry failed",
      "  vmxsim run hello                    a kernel as a guest of the VMM, and its exits",
      "  vmxsim cpus skylake-sp              what a CPU profile assumes, number by number",
      "",
      "  valgrind --tool=lackey --trace-mem=yes ls 2>&1 >/dev/null |",
      "    vmxsim replay --format lackey -",
      "",
      "To read: README.md, then docs/ARCHITECTURE.md; docs/traces.md for the trace formats,",
      "docs/cycles.md for what a cycle is here, docs/NOT_MODELLED.md for what is left out.",
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:fine",
      "1:a comparison does not hold: of validate, suite, peers or --against",
      "2:bad input or usage, in one line that says which",
      "4:a triple fault or a VMX abort shut the guest's machine down",
      "6:met something that is not modelled, and names it",
      "8:reached --limit or --max-instructions",
      "10:a bug in vmxsim",
      "130:Ctrl-C",
      "odd:what the guest of boot or run gave",
    })
public final class VmxsimCommand implements Callable<Integer> {
  private static final int HELP_WIDTH = 100;

  @Spec private CommandSpec spec;

  /** Runs the command line and exits with its {@link ExitCode}. */
  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT); // the same output everywhere
    StandardStream out = new StandardStream(FileDescriptor.out);
    PrintWriter err = new PrintWriter(new StandardStream(FileDescriptor.err), true);
    int exitCode = execute(new PrintWriter(out), err, arguments);
    IOException failure = out.failure();
    if (failure != null) {
      err.println("vmxsim: standard output: expected room to write: " + failure.getMessage());
      exitCode = ExitCode.BAD_INPUT;
    }
    System.exit(exitCode);
  }

  /**
   * Runs a command line without leaving the JVM.
   *
   * @return its {@link ExitCode}
   */
  static int execute(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine program = new CommandLine(new VmxsimCommand());
    FailureHandler failures = new FailureHandler(err, arguments);
    program.setOut(out);
    program.setErr(err);
    program.setUsageHelpWidth(HELP_WIDTH);
    program.setParameterExceptionHandler(failures);
    program.setExecutionExceptionHandler(failures);
    int exitCode;
    try {
      exitCode = program.execute(arguments);
    } catch (RuntimeException | Error e) {
      exitCode = failures.report(e);
    }
    out.flush();
    return exitCode;
  }

  /** Without a command: the help, as an error. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitCode.BAD_INPUT;
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = VmxsimCommand.class.getPackage().getImplementationVersion();
      return new String[] {"vmxsim " + (version == null ? "(not packaged)" : version)};
    }
  }
}
