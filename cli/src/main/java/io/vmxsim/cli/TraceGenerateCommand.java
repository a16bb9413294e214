package io.vmxsim.cli;

import io.vmxsim.traces.GeneratedTrace;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a made-up trace. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a made-up trace of a small kernel to a .vxt file:",
      "  sensitive      rounds of everything a VMM may intercept",
      "  table-updates  page-table entries changed one after another: EPT wins",
      "  tlb-misses     reads all over 64 MBytes: shadow paging wins",
    })
final class TraceGenerateCommand implements Runnable {
  @Parameters(
      index = "0",
      paramLabel = "KIND",
      converter = Choice.OfGeneratedTrace.class,
      completionCandidates = Choice.OfGeneratedTrace.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private GeneratedTrace kind;

  @Parameters(index = "1", paramLabel = "TARGET", description = "The .vxt file to write.")
  private Path target;

  @Option(
      names = "--count",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Rounds, updates or reads; as many as show the point by default.")
  private long count;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of what is random in it; 1 by default.")
  private long seed = 1;

  @Override
  public void run() {
    kind.write(target, count, seed);
  }
}
