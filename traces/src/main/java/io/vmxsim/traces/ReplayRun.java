package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.InterruptSource;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.cpu.snapshot.Snapshot;
import io.vmxsim.guests.GuestOsModel;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One configuration's replay: its machine, the feed on it, and what it counts. */
final class ReplayRun {
  /** Between two of them all that the run will do follows from its objects. */
  private static final long SLICE = 1 << 16;

  private final ReplayConfiguration configuration;
  private final List<ReplayProcessor> processors = new ArrayList<>();

  /** Who is next, where there are several. */
  private final @Nullable Turns turns;

  private final ExitStatistics exits;
  private final @Nullable RunDetails details;

  private transient Runnable checkpoint = () -> {};
  private transient long checkpointInterval = Long.MAX_VALUE;
  private transient long nextCheckpoint = Long.MAX_VALUE;

  /**
   * @param traces what runs: user-level streams, one a process, or a single whole-system stream
   * @param tap says what the first trace is
   */
  ReplayRun(
      ReplayConfiguration configuration,
      ReplayOptions options,
      List<ActionSource> traces,
      TraceTap tap) {
    this.configuration = configuration;
    GuestOsOptions guest = options.guest().withPageShift(configuration.guestPage().shift());
    long memory = tap.memory(guest.memoryBytes());
    exits = new ExitStatistics(options.top());
    details = options.detailed() ? new RunDetails(configuration.cpu().clockMhz()) : null;
    List<ReplayMachine> machines = configuration.machines(memory, tap.processors());
    turns = machines.size() == 1 ? null : new Turns(traces.get(0));
    for (ReplayMachine machine : machines) {
      Processor processor = machine.processor();
      processor.sensitive().seed(options.seed());
      if (options.dataCaches()) {
        processor.memoryAccess().modelDataCaches();
      }
      if (details != null) {
        processor.mmu().walker().observe(details.walkGrid());
      }
      ActionSource own = turns == null ? traces.get(0) : turns.of(processors.size());
      processors.add(
          tap.wholeSystem()
              ? wholeSystem(machine, tap.source(), own, memory)
              : userLevel(machine, guest, traces, options));
    }
  }

  /** Such a trace holds the state that the processor starts in, and the interrupts it takes. */
  private ReplayProcessor wholeSystem(
      ReplayMachine machine, String source, ActionSource trace, long memoryBytes) {
    machine.takeEventsFromTrace();
    InitialState state =
        new CheckedInitialState(machine.initialState(), source, configuration.cpu(), memoryBytes);
    TraceFeed feed = TraceFeed.ofSystem(source, trace);
    return new ReplayProcessor(machine, feed, state, recorder(machine, feed));
  }

  private ExitRecorder recorder(ReplayMachine machine, TraceFeed feed) {
    int number = processors.size();
    return new ExitRecorder(machine.processor(), number, feed::inModelledKernel, exits, details);
  }

  private ReplayProcessor userLevel(
      ReplayMachine machine,
      GuestOsOptions guest,
      List<ActionSource> traces,
      ReplayOptions options) {
    GuestOsModel kernel = new GuestOsModel(guest, traces);
    InitialState state = machine.initialState();
    ActionBatch boot = kernel.initialState();
    for (int i = 0; i < boot.count(); i++) {
      state.take(boot, i);
    }
    setTimer(machine.processor(), options);
    TraceFeed feed = TraceFeed.ofUserLevel(kernel);
    return new ReplayProcessor(machine, feed, null, recorder(machine, feed));
  }

  private void setTimer(Processor processor, ReplayOptions options) {
    if (options.timerInstructions() > 0) {
      processor
          .pending()
          .setTimer(
              InterruptSource.everyInstructions(
                  options.timerInstructions(), GuestOsModel.TICK_VECTOR));
    } else if (options.timerHz() > 0) {
      long period = configuration.cpu().clockMhz() * 1_000_000 / options.timerHz();
      processor
          .pending()
          .setTimer(InterruptSource.everyCycles(Math.max(1, period), GuestOsModel.TICK_VECTOR));
    }
  }

  /** Has {@code action} run each time that about so many instructions have been retired. */
  void checkpointEvery(long interval, Runnable action) {
    checkpoint = action;
    checkpointInterval = interval;
    nextCheckpoint = first().instructions() + interval;
  }

  /** What a snapshot holds of it; {@code traces} are the sources that it was made with. */
  Snapshot.Contents contents(List<CountedSource> traces) {
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("memory", first().memory());
    parts.put("processor", first());
    parts.put("replay", this);
    return new Snapshot.Contents(parts, List.copyOf(traces));
  }

  private Processor first() {
    return processors.get(0).processor();
  }

  /** Replays to the end of the trace. */
  void run() {
    Turns order = turns;
    if (order == null) {
      runTurn(processors.get(0));
    } else {
      for (int next = order.whose(); next >= 0; next = order.whose()) {
        runTurn(processors.get(next));
      }
    }
    processors.forEach(ReplayProcessor::close);
  }

  /** Runs a processor until there is nothing more for it. */
  private void runTurn(ReplayProcessor on) {
    RunOutcome outcome;
    do {
      outcome = on.run(SLICE);
      if (on.processor().instructions() >= nextCheckpoint && outcome == RunOutcome.BUDGET) {
        nextCheckpoint = on.processor().instructions() + checkpointInterval;
        checkpoint.run();
      }
    } while (outcome != RunOutcome.FINISHED);
  }

  /** Forgets all counts: the warm-up is over. What the caches hold stays. */
  void startMeasuring() {
    processors.forEach(ReplayProcessor::startMeasuring);
  }

  /** What the run counted. */
  RunResult result() {
    ReplayCounts counts = new ReplayCounts();
    for (ReplayProcessor processor : processors) {
      counts.add(processor.mmu());
      counts.add(processor.cycles());
      counts.add(processor.caches());
    }
    Paging paging = configuration.paging();
    String guestPage = configuration.guestPage().toString();
    return new RunResult(
        paging,
        paging == Paging.SHADOW ? policy() : null,
        guestPage,
        paging == Paging.NATIVE ? guestPage : configuration.hostPage().toString(),
        configuration.cpu().name(),
        processors.stream().mapToLong(ReplayProcessor::instructions).sum(),
        exits.rows(),
        counts.tlb(),
        counts.walks(),
        counts.caches(),
        counts.cycles(),
        exits.hotSpots(),
        details);
  }

  private String policy() {
    String name = configuration.policy().name().toLowerCase(Locale.ROOT);
    return configuration.unsync() ? name + "+unsync" : name;
  }

  /** The assumed numbers that the run depended on. */
  List<AssumedNumber> assumed() {
    return assumed(configuration.cpu(), first().costs());
  }

  /** The assumed numbers that a run on {@code cpu} has looked up. */
  static List<AssumedNumber> assumed(CpuProfile cpu, CostModel costs) {
    return cpu.assumedInUse(costs).stream()
        .map(e -> new AssumedNumber(cpu.name(), e.key(), e.value(), e.unit(), e.source()))
        .toList();
  }
}
