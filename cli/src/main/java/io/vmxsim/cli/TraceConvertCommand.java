package io.vmxsim.cli;

import io.vmxsim.traces.TraceConvert;
import io.vmxsim.traces.TraceReader;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Converts a trace to .vxt. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description =
        "Converts a trace to .vxt, which reads fastest. The target appears under its name only when"
            + " it is complete; a target in .gz, .xz or .zst is compressed.")
final class TraceConvertCommand implements Runnable {
  @Parameters(index = "0", paramLabel = "TRACE", description = "A trace; - is standard input.")
  private String trace;

  @Parameters(index = "1", paramLabel = "TARGET", description = "The .vxt file to write.")
  private Path target;

  @Option(
      names = "--limit",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Convert the first N instructions only.")
  private long limit;

  @Option(
      names = "--note",
      paramLabel = "TEXT",
      description = "A remark on the origin, kept in the file; `trace info` shows it.")
  private String note = "";

  @Option(names = "--json", description = "Say what was written as a JSON object.")
  private boolean json;

  @Mixin private ReadingOptions reading;
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    try (TraceReader reader = reading.open(trace);
        ProgressLine progress = new ProgressLine(reader)) {
      TraceConvert.Summary summary = TraceConvert.convert(reader, target, limit, note, progress);
      spec.commandLine().getOut().println(json ? summary.toJson() : summary.toText());
    }
  }
}
