package io.vmxsim.cli;

import io.vmxsim.traces.ReplayCsvReport;
import io.vmxsim.traces.ReplayJsonReport;
import io.vmxsim.traces.ReplayResult;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How to print a result. */
final class ReportOptions {
  enum Output {
    TEXT,
    JSON,
    CSV
  }

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = OutputChoice.class,
      completionCandidates = OutputChoice.class,
      description = "One of ${COMPLETION-CANDIDATES}; docs/replay.schema.json describes the JSON.")
  private Output output = Output.TEXT;

  @Option(
      names = "--top",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Also the N instructions, pages, ports and MSRs with the most exits.")
  private long top;

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  int top() {
    return (int) Math.min(top, Integer.MAX_VALUE);
  }

  /**
   * Prints a result in the form asked for.
   *
   * @param text what writes the form for people
   * @return the exit code that goes with the result
   */
  int print(CommandSpec spec, ReplayResult result, Function<ReplayResult, String> text) {
    spec.commandLine()
        .getOut()
        .print(
            switch (output) {
              case TEXT -> text.apply(result);
              case JSON -> ReplayJsonReport.of(result);
              case CSV -> ReplayCsvReport.of(result);
            });
    return result.trace().limitReached() ? ExitCode.LIMIT : ExitCode.FINE;
  }
}
