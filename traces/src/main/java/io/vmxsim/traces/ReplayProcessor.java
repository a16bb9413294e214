package io.vmxsim.traces;

import io.vmxsim.cpu.Cycles;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.ept.DataCaches;
import io.vmxsim.ept.MmuStatistics;
import io.vmxsim.traces.ReplayResult.CacheRow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One of a guest's processors in a replay, with the feed on it and what it has counted. */
final class ReplayProcessor {
  private final ReplayMachine machine;
  private final Processor processor;
  private final TraceFeed feed;
  private final ExitRecorder recorder;

  /** What takes the state that the trace says it starts in; null once it has, or if none does. */
  private @Nullable InitialState state;

  private long startInstructions;
  private MmuStatistics startMmu;
  private ReplayResult.Cycles startCycles;
  private List<CacheRow> startCaches = List.of();

  /**
   * A processor that is about to run.
   *
   * @param state takes the state that a whole system's trace begins with; null for another trace
   * @param recorder is told of its exits
   */
  ReplayProcessor(
      ReplayMachine machine, TraceFeed feed, @Nullable InitialState state, ExitRecorder recorder) {
    this.machine = machine;
    this.state = state;
    this.feed = feed;
    this.recorder = recorder;
    processor = machine.processor();
    processor.setGuest(feed);
    processor.transitions().setExitObserver(recorder);
    startMmu = processor.mmu().statistics();
    startCycles = cyclesSoFar();
  }

  Processor processor() {
    return processor;
  }

  /** Runs some instructions; FINISHED where there are no more actions for it now. */
  RunOutcome run(long budget) {
    InitialState starting = state;
    if (starting != null) {
      state = null;
      feed.loadInitialState(starting);
    }
    RunOutcome outcome = machine.run(budget);
    if (outcome == RunOutcome.HALTED && !feed.wakeByTrace(processor) && !processor.passIdleTime()) {
      machine.wakeUp();
    }
    return outcome;
  }

  /** Its last exit is over. */
  void close() {
    recorder.close();
  }

  /** Forgets all counts. What the caches hold stays. */
  void startMeasuring() {
    recorder.restart();
    startInstructions = processor.instructions();
    startMmu = processor.mmu().statistics();
    startCycles = cyclesSoFar();
    startCaches = cachesSoFar();
  }

  long instructions() {
    return processor.instructions() - startInstructions;
  }

  MmuStatistics mmu() {
    return processor.mmu().statistics().since(startMmu);
  }

  ReplayResult.Cycles cycles() {
    ReplayResult.Cycles end = cyclesSoFar();
    return new ReplayResult.Cycles(
        end.guest() - startCycles.guest(),
        end.translation() - startCycles.translation(),
        end.exit() - startCycles.exit(),
        end.vmm() - startCycles.vmm());
  }

  List<CacheRow> caches() {
    List<CacheRow> rows = new ArrayList<>(cachesSoFar());
    for (int level = 0; level < startCaches.size(); level++) {
      rows.set(level, rows.get(level).since(startCaches.get(level)));
    }
    return rows;
  }

  private ReplayResult.Cycles cyclesSoFar() {
    Cycles c = processor.cycles();
    return new ReplayResult.Cycles(c.guest, processor.mmu().translationCycles(), c.exit, c.vmm);
  }

  private List<CacheRow> cachesSoFar() {
    DataCaches caches = processor.memoryAccess().dataCaches();
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
}
