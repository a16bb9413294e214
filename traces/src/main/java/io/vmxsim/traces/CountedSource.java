package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import org.jspecify.annotations.Nullable;

/** Counts the batches that a replay takes from a trace, and tells of the first that it measures. */
final class CountedSource implements ActionSource {
  private final ActionSource source;
  private final TraceTap tap;
  private @Nullable ActionBatch own;
  private long batches;
  private Runnable measurement = () -> {};

  CountedSource(ActionSource source, TraceTap tap) {
    this.source = source;
    this.tap = tap;
  }

  /** Has {@code action} run when the batch arrives with which the measurement begins. */
  void onMeasurement(Runnable action) {
    measurement = action;
  }

  /**
   * Gives out batches that stay as they are until the next, so that one can be saved, and be
   * replaced by a saved one: others are another thread's to fill again.
   */
  void keepBatches() {
    own = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
  }

  /** The batches taken so far. */
  long batches() {
    return batches;
  }

  /** Takes batches that nobody wants until there were so many; at the end of the trace fewer. */
  void skipTo(long count) {
    while (batches < count && next() != null) {}
  }

  @Override
  public @Nullable ActionBatch next() {
    ActionBatch batch = source.next();
    if (batch != null && batches == tap.firstMeasuredBatch() && batches > 0) {
      measurement.run();
    }
    batches++;
    ActionBatch kept = own;
    if (batch == null || kept == null) {
      return batch;
    }
    kept.clear();
    kept.copyFrom(batch);
    return kept;
  }
}
