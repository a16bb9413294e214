package io.vmxsim.cli;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.traces.RecordedRun;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayCheckpoints;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.TraceFormats;
import io.vmxsim.traces.TraceReader;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmm.ShadowPolicy;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything that {@code replay} and {@code compare} can be told about their runs. */
final class RunOptions {
  @Parameters(
      paramLabel = "TRACE",
      arity = "0..*",
      description =
          "Trace files; - is standard input. Without one: the bundled sample. Several traces are"
              + " several processes of one guest.")
  private List<String> traces = new ArrayList<>();

  @Mixin private ReadingOptions reading;

  @ArgGroup(validate = false, heading = "%nReport:%n")
  private ReplayReportOptions report = new ReplayReportOptions();

  @ArgGroup(validate = false, heading = "%nMachine (a list is a,b,c; every combination is run):%n")
  private MachineOptions machine = new MachineOptions();

  @ArgGroup(validate = false, heading = "%nGuest model:%n")
  private GuestOptions guest = new GuestOptions();

  @ArgGroup(validate = false, heading = "%nExtent and events:%n")
  private Extent extent = new Extent();

  static final class Extent {
    @Option(
        names = "--limit",
        paramLabel = "N",
        converter = Count.OfThings.class,
        description = "Stop after N instructions, with exit code 8 if the trace has more.")
    private long limit = Long.MAX_VALUE;

    @Option(
        names = "--warmup",
        paramLabel = "N",
        converter = Count.OfThings.class,
        description = "Run the first N instructions without counting them.")
    private long warmup;

    @Option(
        names = "--timer-hz",
        paramLabel = "N",
        converter = Count.OfThings.class,
        description = "Timer ticks per second of simulated time; 250 by default, 0 for none.")
    private long timerHz = 250;

    @Option(
        names = "--timer-instructions",
        paramLabel = "N",
        converter = Count.OfThings.class,
        description = "A tick each N instructions instead, so that all modes get the same ticks.")
    private long timerInstructions;

    @Option(
        names = "--seed",
        paramLabel = "N",
        description = "Of what is random in the guest, such as RDRAND.")
    private long seed;
  }

  ReplayReportOptions report() {
    return report;
  }

  /**
   * Replays the traces in every way asked for.
   *
   * @param paging modes if the user named none; of a recording, the one that it was recorded in
   * @param policies shadow policies if the user named none
   */
  ReplayResult replay(List<Paging> paging, List<ShadowPolicy> policies) {
    return new Replay(options(paging, policies), openers()).run();
  }

  /** The same for one run, which leaves snapshots or goes on from one. */
  ReplayResult replay(
      List<Paging> paging, List<ShadowPolicy> policies, ReplayCheckpoints checkpoints) {
    ReplayOptions options = options(paging, policies);
    if (options.configurations().size() != 1) {
      throw new InputException("--checkpoint", "", "expected one run, not several");
    }
    RecordedRun recorded = recordedRun();
    if (recorded != null && recorded.processors() > 1) {
      throw new InputException("--checkpoint", "", "expected a trace of one processor");
    }
    return new Replay(options, openers()).with(checkpoints).run();
  }

  /** The traces as given. */
  List<String> traces() {
    return traces;
  }

  private ReplayOptions options(List<Paging> paging, List<ShadowPolicy> policies) {
    RecordedRun recorded = recordedRun();
    if (recorded != null) {
      machine.setDefaultCpu(recorded.cpu());
    }
    List<Paging> modes =
        recorded == null || paging.size() > 1 ? paging : List.of(recorded.paging());
    List<ReplayConfiguration> configurations = machine.configurations(modes, policies);
    return new ReplayOptions(
        configurations,
        extent.warmup,
        extent.limit,
        extent.timerInstructions > 0 ? 0 : extent.timerHz,
        extent.timerInstructions,
        extent.seed,
        report.top(),
        guest.options(configurations.get(0).cpu()),
        machine.dataCaches(),
        report.detailed());
  }

  /** What the only trace says of the run that it is a recording of. */
  private @Nullable RecordedRun recordedRun() {
    if (traces.size() != 1 || !isFile(traces.get(0))) {
      return null;
    }
    try (TraceReader reader = reading.open(traces.get(0))) {
      reader.fill(new ActionBatch(ActionBatch.DEFAULT_CAPACITY));
      return reader.recordedRun();
    }
  }

  /** Whether it can be read twice. */
  private static boolean isFile(String name) {
    try {
      return Files.isRegularFile(Path.of(name));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** What opens each trace anew; several may be read once for each run, which a pipe cannot be. */
  private List<Supplier<TraceReader>> openers() {
    if (traces.size() <= 1) {
      @Nullable String trace = traces.isEmpty() ? null : traces.get(0);
      return List.of(() -> new WatchedReader(reading.open(trace)));
    }
    if (traces.contains(TraceFormats.STANDARD_INPUT)) {
      throw new InputException(TraceFormats.STANDARD_INPUT, "", "expected to be the only TRACE");
    }
    return traces.stream().<Supplier<TraceReader>>map(trace -> () -> reading.open(trace)).toList();
  }
}
