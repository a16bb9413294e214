package io.vmxsim.traces;

import io.vmxsim.cpu.snapshot.Snapshot;
import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots that a replay leaves, or goes on from. A snapshot has the machine, the guest's model
 * and all counts; of the traces only how far they had been read, so that they are read again up to
 * there.
 *
 * @param file replaced by each snapshot; null to leave none
 * @param every instructions from one to the next, about
 * @param from the snapshot to go on from; null to start at the beginning
 * @param facts what was asked for, by name: it must be the same in a replay that goes on
 */
public record ReplayCheckpoints(
    @Nullable Path file, long every, @Nullable Path from, Map<String, String> facts) {
  private static final String BATCHES = "batches of trace ";

  /** Copies, in the same order. */
  public ReplayCheckpoints {
    facts = new LinkedHashMap<>(facts);
  }

  /** Brings a replay to where its snapshot was taken, and has it leave others. */
  void attach(ReplayRun run, List<CountedSource> traces) {
    if (from != null) {
      restore(from, run, traces);
    }
    if (file != null) {
      Path into = file;
      run.checkpointEvery(every, () -> Snapshot.save(into, facts(traces), run.contents(traces)));
    }
  }

  private Map<String, String> facts(List<CountedSource> traces) {
    Map<String, String> all = new LinkedHashMap<>(facts);
    for (int i = 0; i < traces.size(); i++) {
      all.put(BATCHES + i, Long.toString(traces.get(i).batches()));
    }
    return all;
  }

  private void restore(Path snapshotFile, ReplayRun run, List<CountedSource> traces) {
    try (Snapshot snapshot = Snapshot.open(snapshotFile)) {
      Map<String, String> saved = snapshot.facts();
      for (Map.Entry<String, String> fact : facts.entrySet()) {
        String was = saved.getOrDefault(fact.getKey(), "none");
        if (!was.equals(fact.getValue())) {
          throw new InputException(
              snapshotFile.toString(),
              "block facts",
              "expected a snapshot of a replay with %s %s, not %s"
                  .formatted(fact.getKey(), fact.getValue(), was));
        }
      }
      for (int i = 0; i < traces.size(); i++) {
        traces.get(i).skipTo(Long.parseLong(saved.getOrDefault(BATCHES + i, "0")));
      }
      snapshot.restore(run.contents(traces));
    }
  }
}
