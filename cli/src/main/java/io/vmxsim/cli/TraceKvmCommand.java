package io.vmxsim.cli;

import io.vmxsim.traces.ExitComparison;
import io.vmxsim.traces.KvmTrace;
import io.vmxsim.traces.KvmTraceReport;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reads what a real KVM traced. */
@Command(
    name = "kvm",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Reads the kernel's trace of KVM, as text from ftrace, perf script or trace-cmd report, and"
          + " shows its VM exits by reason, by place and over time; with --against, beside those of"
          + " a replay.",
    },
    footerHeading = "%nExample:%n",
    footer = {
      "  perf record -e 'kvm:*' -a sleep 1 && perf script | vmxsim trace kvm -",
    })
final class TraceKvmCommand implements Runnable {
  @Parameters(paramLabel = "FILE", description = "The trace; - is standard input.")
  private String file;

  @Option(
      names = "--against",
      paramLabel = "RUN.json",
      description =
          "What replay or compare printed with --output json: reconciled reason by reason.")
  private @Nullable String run;

  @Option(
      names = "--top",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description =
          "Show the N instructions, pages, ports and MSRs with the most exits; 5 by default.")
  private long top = 5;

  @Option(names = "--json", description = "As a JSON object.")
  private boolean json;

  @Option(names = "--lenient", description = "Count and skip bad lines.")
  private boolean lenient;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    KvmTrace trace = KvmTrace.read(file, lenient, (int) Math.min(top, Integer.MAX_VALUE));
    List<ExitComparison> runs = run == null ? List.of() : KvmTraceReport.against(trace, run);
    spec.commandLine()
        .getOut()
        .print(json ? KvmTraceReport.json(trace, runs) : KvmTraceReport.text(trace, runs));
  }
}
