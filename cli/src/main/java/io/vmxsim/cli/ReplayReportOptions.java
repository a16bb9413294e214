package io.vmxsim.cli;

import io.vmxsim.traces.ExitComparison;
import io.vmxsim.traces.ReplayCsvReport;
import io.vmxsim.traces.ReplayJsonReport;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayTextReport;
import io.vmxsim.traces.html.ReplayPage;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How to print the result of a replay. */
final class ReplayReportOptions extends ReportOptions {
  @Option(
      names = "--against",
      paramLabel = "RUN.json",
      description =
          "Also the exits beside those that run, replay or compare printed with --output json for"
              + " the same paging mode; exit code 1 if any differ.")
  private @Nullable String against;

  /**
   * Writes the files asked for, and prints a result in the form asked for.
   *
   * @param text what writes the form for people
   * @return the exit code that goes with the result
   */
  int print(CommandSpec spec, ReplayResult result, Function<ReplayResult, String> text) {
    writePictures(() -> ReplayPage.of(result), result.runs());
    List<ExitComparison> beside =
        against == null ? List.of() : ExitComparison.of(against, result.runs());
    spec.commandLine()
        .getOut()
        .print(
            switch (output()) {
              case NONE -> "";
              case TEXT -> text.apply(result) + ReplayTextReport.against(beside);
              case JSON -> ReplayJsonReport.of(result, beside);
              case CSV -> ReplayCsvReport.of(result.runs());
            });
    if (!beside.stream().allMatch(ExitComparison::isEqual)) {
      return ExitCode.BROKEN;
    }
    return result.trace().limitReached() ? ExitCode.LIMIT : ExitCode.FINE;
  }
}
