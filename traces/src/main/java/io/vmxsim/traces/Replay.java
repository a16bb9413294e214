package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Replays traces through every configuration asked for.
 *
 * <p>A single trace is read once: its batches go to all configurations, each on a thread of its
 * own. Several traces are the processes of one guest; how they interleave depends on the
 * configuration, so each configuration reads them for itself, as many configurations at a time as
 * there are processors. Either way the result is the same as one after the other.
 */
public final class Replay {
  private final ReplayOptions options;
  private final List<Supplier<TraceReader>> traces;
  private @Nullable ReplayCheckpoints checkpoints;

  /**
   * @param traces opens each trace anew; a single one is opened once
   */
  public Replay(ReplayOptions options, List<Supplier<TraceReader>> traces) {
    if (traces.isEmpty() || options.configurations().isEmpty()) {
      throw new IllegalArgumentException("nothing to replay");
    }
    this.options = options;
    this.traces = List.copyOf(traces);
  }

  /** The replay of one file, whose format its content tells. */
  public static Replay of(ReplayOptions options, Path trace) {
    String file = trace.toString();
    return new Replay(options, List.of(() -> TraceFormats.open(file, TraceOptions.DEFAULT)));
  }

  /** Has the replay, which is of one configuration then, leave snapshots or go on from one. */
  public Replay with(ReplayCheckpoints wanted) {
    if (options.configurations().size() != 1) {
      throw new IllegalArgumentException("snapshots of several configurations");
    }
    checkpoints = wanted;
    return this;
  }

  /**
   * Runs all configurations.
   *
   * @throws InputException if a trace cannot be used
   */
  public ReplayResult run() {
    return traces.size() == 1 ? oneReading() : readingEach();
  }

  /** What one configuration came to. */
  private record Outcome(RunResult result, List<AssumedNumber> assumed, TraceSummary trace) {}

  private ReplayResult oneReading() {
    int runs = options.configurations().size();
    try (TraceReader reader = traces.get(0).get()) {
      TraceTap tap = new TraceTap(reader, options.warmup(), options.limit());
      try (BatchBroadcast broadcast = new BatchBroadcast(tap, runs)) {
        broadcast.start();
        List<Supplier<Outcome>> work = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
          int run = i;
          work.add(
              () -> {
                try {
                  CountedSource source = new CountedSource(broadcast.subscriber(run), tap);
                  return replay(options.configurations().get(run), List.of(source), tap);
                } finally {
                  broadcast.leave(run);
                }
              });
        }
        return collect(onThreads(work, runs), reader);
      }
    }
  }

  private ReplayResult readingEach() {
    List<Supplier<Outcome>> work = new ArrayList<>();
    for (ReplayConfiguration configuration : options.configurations()) {
      work.add(() -> readAndReplay(configuration));
    }
    return collect(onThreads(work, Runtime.getRuntime().availableProcessors()), null);
  }

  private Outcome readAndReplay(ReplayConfiguration configuration) {
    List<TraceReader> readers = new ArrayList<>();
    try {
      List<TraceTap> taps = new ArrayList<>();
      List<CountedSource> sources = new ArrayList<>();
      for (Supplier<TraceReader> trace : traces) {
        TraceReader reader = trace.get();
        readers.add(reader);
        TraceTap tap =
            new TraceTap(reader, readers.size() == 1 ? options.warmup() : 0, options.limit());
        if (tap.wholeSystem()) {
          throw new InputException(
              reader.source(), "", "user-level traces only when several are given");
        }
        taps.add(tap);
        sources.add(new CountedSource(unshared(tap), tap));
      }
      Outcome outcome = replay(configuration, sources, taps.get(0));
      return new Outcome(outcome.result(), outcome.assumed(), together(taps));
    } finally {
      readers.forEach(TraceReader::close);
    }
  }

  private static ActionSource unshared(TraceTap tap) {
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    return () -> {
      batch.clear();
      return tap.fill(batch) ? batch : null;
    };
  }

  private Outcome replay(
      ReplayConfiguration configuration, List<CountedSource> sources, TraceTap tap) {
    if (checkpoints != null) {
      sources.forEach(CountedSource::keepBatches);
    }
    ReplayRun run = new ReplayRun(configuration, options, List.copyOf(sources), tap);
    sources.get(0).onMeasurement(run::startMeasuring);
    if (checkpoints != null) {
      checkpoints.attach(run, sources);
    }
    run.run();
    return new Outcome(run.result(), run.assumed(), tap.summary());
  }

  private static TraceSummary together(List<TraceTap> taps) {
    TraceSummary sum = taps.get(0).summary();
    for (TraceTap tap : taps.subList(1, taps.size())) {
      TraceSummary next = tap.summary();
      sum =
          new TraceSummary(
              sum.source() + " " + next.source(),
              sum.format().equals(next.format()) ? sum.format() : "several",
              sum.instructions() + next.instructions(),
              sum.loads() + next.loads(),
              sum.stores() + next.stores(),
              sum.distinctPages() + next.distinctPages(),
              sum.skipped() + next.skipped(),
              sum.limitReached() || next.limitReached());
    }
    return sum;
  }

  private static List<Outcome> onThreads(List<Supplier<Outcome>> work, int threads) {
    if (work.size() == 1) {
      return List.of(work.get(0).get());
    }
    ExecutorService pool =
        Executors.newFixedThreadPool(
            Math.min(threads, work.size()),
            task -> {
              Thread thread = new Thread(task, "replay");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Future<Outcome>> pending = new ArrayList<>();
      work.forEach(task -> pending.add(pool.submit(task::get)));
      List<Outcome> outcomes = new ArrayList<>();
      for (Future<Outcome> future : pending) {
        outcomes.add(await(future));
      }
      return outcomes;
    } finally {
      pool.shutdownNow();
    }
  }

  private static Outcome await(Future<Outcome> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while replaying", e);
    }
  }

  private static ReplayResult collect(List<Outcome> outcomes, @Nullable TraceReader reader) {
    Set<AssumedNumber> assumed = new LinkedHashSet<>();
    outcomes.forEach(outcome -> assumed.addAll(outcome.assumed()));
    return new ReplayResult(
        outcomes.get(0).trace(),
        outcomes.stream().map(Outcome::result).toList(),
        List.copyOf(assumed),
        reader == null ? null : reader.recordedRun());
  }
}
