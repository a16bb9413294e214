package io.vmxsim.cli;

import io.vmxsim.traces.TraceHead;
import io.vmxsim.traces.TraceReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows how a trace begins. */
@Command(
    name = "head",
    mixinStandardHelpOptions = true,
    description = "Shows the first actions of a trace, one per line.")
final class TraceHeadCommand implements Runnable {
  @Parameters(
      paramLabel = "TRACE",
      arity = "0..1",
      description = "A trace file; - is standard input. Without one: the bundled sample.")
  private @Nullable String trace;

  @Option(
      names = {"-n", "--limit"},
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "How many; 20 by default.")
  private long limit = 20;

  @Option(names = "--json", description = "Each line as a JSON object.")
  private boolean json;

  @Mixin private ReadingOptions reading;
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    try (TraceReader reader = reading.open(trace)) {
      String text = json ? TraceHead.toJson(reader, limit) : TraceHead.toText(reader, limit);
      spec.commandLine().getOut().print(text);
    }
  }
}
