package io.vmxsim.cli;

import io.vmxsim.traces.PerfettoTrace;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** In which forms the statistics of runs are shown. */
class ReportOptions {
  enum Output {
    NONE,
    TEXT,
    JSON,
    CSV
  }

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = OutputChoice.class,
      completionCandidates = OutputChoice.class,
      description =
          "Statistics at the end: ${COMPLETION-CANDIDATES}; docs/replay.schema.json and"
              + " docs/run.schema.json describe the JSON.")
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

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  int top() {
    return (int) Math.min(top, Integer.MAX_VALUE);
  }

  Output output() {
    return output;
  }

  /** Whether pictures are asked for, which need details of each run. */
  boolean detailed() {
    return page != null || perfetto != null;
  }

  /**
   * Writes the files asked for.
   *
   * @param html the page
   */
  void writePictures(Supplier<String> html, List<RunResult> runs) {
    if (page != null) {
      OutputFile.write(page, html.get());
    }
    if (perfetto != null) {
      OutputFile.write(perfetto, out -> PerfettoTrace.write(runs, out));
    }
  }
}
