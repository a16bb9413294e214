package io.vmxsim.cli;

import io.vmxsim.traces.TraceInfo;
import io.vmxsim.traces.TraceReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what is in a trace. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Reads a trace to its end and says what is in it.")
final class TraceInfoCommand implements Runnable {
  @Parameters(
      paramLabel = "TRACE",
      arity = "0..1",
      description = "A trace file; - is standard input. Without one: the bundled sample.")
  private @Nullable String trace;

  @Option(names = "--json", description = "As a JSON object.")
  private boolean json;

  @Mixin private ReadingOptions reading;
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    try (TraceReader reader = reading.open(trace);
        ProgressLine progress = new ProgressLine(reader)) {
      TraceInfo info = TraceInfo.of(reader, progress);
      spec.commandLine().getOut().print(json ? info.toJson() : info.toText());
    }
  }
}
