package io.vmxsim.cli;

import io.vmxsim.traces.TraceFormat;
import io.vmxsim.traces.TraceFormats;
import io.vmxsim.traces.TraceOptions;
import io.vmxsim.traces.TraceReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How to read a trace. */
final class ReadingOptions {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      converter = Choice.OfFormat.class,
      completionCandidates = Choice.OfFormat.class,
      description = "One of ${COMPLETION-CANDIDATES}. Recognised by content where possible.")
  private @Nullable TraceFormat format;

  @Option(
      names = "--lenient",
      description = "Count and skip bad records instead of stopping at the first.")
  private boolean lenient;

  /** Opens a file, standard input ({@code -}), or for null the bundled sample. */
  TraceReader open(@Nullable String trace) {
    return trace == null
        ? TraceFormats.openSample()
        : TraceFormats.open(trace, new TraceOptions(format, lenient));
  }
}
