package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import org.jspecify.annotations.Nullable;

/**
 * Deals a trace's batches out to the processors that they are of, in the order of the trace: each
 * processor gets nothing more until it is its turn again.
 */
final class Turns {
  private final ActionSource trace;
  private @Nullable ActionBatch next;
  private boolean ended;

  Turns(ActionSource trace) {
    this.trace = trace;
  }

  /** The processor whose turn it is; -1 at the end of the trace. */
  int whose() {
    if (next == null && !ended) {
      next = trace.next();
      ended = next == null;
    }
    return next == null ? -1 : next.processor();
  }

  /** The batches of one processor: none while it is not its turn. */
  ActionSource of(int processor) {
    return () -> {
      if (whose() != processor) {
        return null;
      }
      ActionBatch batch = next;
      next = null;
      return batch;
    };
  }
}
