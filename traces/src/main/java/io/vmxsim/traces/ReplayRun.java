package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.cpu.CostModel;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Cycles;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.InterruptSource;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.cpu.snapshot.Snapshot;
import io.vmxsim.ept.DataCaches;
import io.vmxsim.ept.MmuStatistics;
import io.vmxsim.guests.GuestOsModel;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.Walks;
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
  private final ReplayMachine machine;
  private final Processor processor;
  private final TraceFeed feed;
  private final ExitStatistics exits;
  private final @Nullable RunDetails details;
  private final ExitRecorder recorder;

  private long startInstructions;
  private MmuStatistics startMmu;
  private ReplayResult.Cycles startCycles;
  private List<CacheRow> startCaches = List.of();

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
    machine = configuration.machine(memory);
    processor = machine.processor();
    feed =
        tap.wholeSystem()
            ? wholeSystem(tap.source(), traces.get(0), memory)
            : userLevel(guest, traces);
    processor.setGuest(feed);
    if (options.dataCaches()) {
      processor.modelDataCaches();
    }
    processor.sensitive().seed(options.seed());
    if (!tap.wholeSystem()) { // such a trace holds the interrupts that its kernel took
      setTimer(options);
    }
    exits = new ExitStatistics(options.top());
    details = options.detailed() ? new RunDetails(configuration.cpu().clockMhz()) : null;
    recorder = new ExitRecorder(processor, feed::inModelledKernel, exits, details);
    processor.setExitObserver(recorder);
    if (details != null) {
      processor.mmu().observeWalks(details.walkGrid());
    }
    startMmu = processor.mmu().statistics();
    startCycles = cycles();
  }

  private TraceFeed wholeSystem(String source, ActionSource trace, long memoryBytes) {
    machine.takeEventsFromTrace();
    TraceFeed system = TraceFeed.ofSystem(source, trace);
    system.loadInitialState(
        new CheckedInitialState(machine.initialState(), source, configuration.cpu(), memoryBytes));
    return system;
  }

  private TraceFeed userLevel(GuestOsOptions guest, List<ActionSource> traces) {
    GuestOsModel kernel = new GuestOsModel(guest, traces);
    InitialState state = machine.initialState();
    ActionBatch boot = kernel.initialState();
    for (int i = 0; i < boot.count(); i++) {
      state.take(boot, i);
    }
    return TraceFeed.ofUserLevel(kernel);
  }

  private void setTimer(ReplayOptions options) {
    if (options.timerInstructions() > 0) {
      processor.setTimer(
          InterruptSource.everyInstructions(options.timerInstructions(), GuestOsModel.TICK_VECTOR));
    } else if (options.timerHz() > 0) {
      long period = configuration.cpu().clockMhz() * 1_000_000 / options.timerHz();
      processor.setTimer(
          InterruptSource.everyCycles(Math.max(1, period), GuestOsModel.TICK_VECTOR));
    }
  }

  /** Has {@code action} run each time that about so many instructions have been retired. */
  void checkpointEvery(long interval, Runnable action) {
    checkpoint = action;
    checkpointInterval = interval;
    nextCheckpoint = processor.instructions() + interval;
  }

  /** What a snapshot holds of it; {@code traces} are the sources that it was made with. */
  Snapshot.Contents contents(List<CountedSource> traces) {
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("memory", processor.memory());
    parts.put("processor", processor);
    parts.put("replay", this);
    return new Snapshot.Contents(parts, List.copyOf(traces));
  }

  /** Replays to the end of the trace. */
  void run() {
    while (true) {
      RunOutcome outcome = machine.run(SLICE);
      if (processor.instructions() >= nextCheckpoint && outcome == RunOutcome.BUDGET) {
        nextCheckpoint = processor.instructions() + checkpointInterval;
        checkpoint.run();
      }
      if (outcome == RunOutcome.FINISHED) {
        recorder.close();
        return;
      }
      if (outcome == RunOutcome.HALTED
          && !feed.wakeByTrace(processor)
          && !processor.passIdleTime()) {
        machine.wakeUp();
      }
    }
  }

  /** Forgets all counts: the warm-up is over. What the caches hold stays. */
  void startMeasuring() {
    recorder.restart();
    startInstructions = processor.instructions();
    startMmu = processor.mmu().statistics();
    startCycles = cycles();
    startCaches = caches();
  }

  private List<CacheRow> caches() {
    DataCaches caches = processor.dataCaches();
    if (caches == null) {
      return List.of();
    }
    List<CacheRow> rows = new ArrayList<>();
    for (int level = 0; level < caches.levels().size(); level++) {
      rows.add(
          new CacheRow(
              caches.levels().get(level).name(),
              caches.hits(level, DataCaches.User.WALK),
              caches.misses(level, DataCaches.User.WALK),
              caches.hits(level, DataCaches.User.DATA),
              caches.misses(level, DataCaches.User.DATA)));
    }
    return rows;
  }

  private List<CacheRow> cachesSinceStart() {
    List<CacheRow> rows = new ArrayList<>(caches());
    for (int level = 0; level < startCaches.size(); level++) {
      rows.set(level, rows.get(level).since(startCaches.get(level)));
    }
    return rows;
  }

  private ReplayResult.Cycles cycles() {
    Cycles c = processor.cycles();
    return new ReplayResult.Cycles(c.guest, processor.mmu().translationCycles(), c.exit, c.vmm);
  }

  /** What the run counted. */
  RunResult result() {
    MmuStatistics mmu = processor.mmu().statistics().since(startMmu);
    ReplayResult.Cycles end = cycles();
    Paging paging = configuration.paging();
    String guestPage = configuration.guestPage().toString();
    List<TlbRow> tlb = new ArrayList<>();
    for (MmuStatistics.Structure s : mmu.structures()) {
      tlb.add(new TlbRow(s.name(), s.hits(), s.misses()));
    }
    return new RunResult(
        paging,
        paging == Paging.SHADOW ? policy() : null,
        guestPage,
        paging == Paging.NATIVE ? guestPage : configuration.hostPage().toString(),
        configuration.cpu().name(),
        processor.instructions() - startInstructions,
        exits.rows(),
        tlb,
        new Walks(mmu.walks(), mmu.entryReads(), mmu.walkCycles()),
        cachesSinceStart(),
        new ReplayResult.Cycles(
            end.guest() - startCycles.guest(),
            end.translation() - startCycles.translation(),
            end.exit() - startCycles.exit(),
            end.vmm() - startCycles.vmm()),
        exits.hotSpots(),
        details);
  }

  private String policy() {
    String name = configuration.policy().name().toLowerCase(Locale.ROOT);
    return configuration.unsync() ? name + "+unsync" : name;
  }

  /** The assumed numbers that the run depended on. */
  List<AssumedNumber> assumed() {
    return assumed(configuration.cpu(), processor.costs());
  }

  /** The assumed numbers that a run on {@code cpu} has looked up. */
  static List<AssumedNumber> assumed(CpuProfile cpu, CostModel costs) {
    return cpu.assumedInUse(costs).stream()
        .map(e -> new AssumedNumber(cpu.name(), e.key(), e.value(), e.unit(), e.source()))
        .toList();
  }
}
