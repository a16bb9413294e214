package io.vmxsim.cli;

import io.vmxsim.traces.ExitComparison;
import io.vmxsim.traces.PerfettoTrace;
import io.vmxsim.traces.ReplayCsvReport;
import io.vmxsim.traces.ReplayJsonReport;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayTextReport;
import io.vmxsim.traces.html.ReplayPage;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description = "Also write a page with pictures, complete in one file.")
  private @Nullable Path page;

  @Option(
      names = "--perfetto",
      paramLabel = "FILE.json",
      description = "Also write the exits on a time line, for Perfetto (ui.perfetto.dev).")
  private @Nullable Path perfetto;

  @Option(
      names = "--against",
      paramLabel = "RUN.json",
      description =
          "Also the exits beside those that run, replay or compare printed with --output json for"
              + " the same paging mode; exit code 1 if any differ.")
  private @Nullable String against;

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  int top() {
    return (int) Math.min(top, Integer.MAX_VALUE);
  }

  /** Whether pictures are asked for, which need details of each run. */
  boolean detailed() {
    return page != null || perfetto != null;
  }

  /**
   * Writes the files asked for, and prints a result in the form asked for.
   *
   * @param text what writes the form for people
   * @return the exit code that goes with the result
   */
  int print(CommandSpec spec, ReplayResult result, Function<ReplayResult, String> text) {
    if (page != null) {
      OutputFile.write(page, ReplayPage.of(result));
    }
    if (perfetto != null) {
      OutputFile.write(perfetto, out -> PerfettoTrace.write(result, out));
    }
    List<ExitComparison> beside =
        against == null ? List.of() : ExitComparison.of(against, result.runs());
    spec.commandLine()
        .getOut()
        .print(
            switch (output) {
              case TEXT -> text.apply(result) + ReplayTextReport.against(beside);
              case JSON -> ReplayJsonReport.of(result, beside);
              case CSV -> ReplayCsvReport.of(result);
            });
    if (!beside.stream().allMatch(ExitComparison::isEqual)) {
      return ExitCode.BROKEN;
    }
    return result.trace().limitReached() ? ExitCode.LIMIT : ExitCode.FINE;
  }
}
