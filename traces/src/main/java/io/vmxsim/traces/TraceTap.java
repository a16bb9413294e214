package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.vmcs.NotModelledException;

/**
 * Stands between a reader and the replays: it cuts the trace at the end of the warm-up and at the
 * limit, both counted in instructions, and counts what lies between.
 */
final class TraceTap implements BatchBroadcast.Filler {
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();
  private static final byte STORE_VALUE = ActionKind.STORE_VALUE.code();

  private final TraceReader reader;
  private final long warmup;
  private final long end;
  private final ActionBatch carry = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
  private final PageCounter pages = new PageCounter();
  private long seen;
  private long instructions;
  private long loads;
  private long stores;
  private long batches;
  private volatile long firstMeasuredBatch;
  private final boolean wholeSystem;
  private boolean limitReached;

  /**
   * @param reader the trace
   * @param warmup instructions that run but are not counted
   * @param limit instructions counted at most; {@code Long.MAX_VALUE} for all
   */
  TraceTap(TraceReader reader, long warmup, long limit) {
    this.reader = reader;
    this.warmup = warmup;
    this.end = limit > Long.MAX_VALUE - warmup ? Long.MAX_VALUE : warmup + limit;
    this.firstMeasuredBatch = warmup == 0 ? 0 : Long.MAX_VALUE;
    wholeSystem = read(carry) && ActionKind.isInitial(carry.kind(0));
  }

  /** Whether the trace carries its own kernel: it begins with the state that one starts in. */
  boolean wholeSystem() {
    return wholeSystem;
  }

  /**
   * The guest's memory in bytes.
   *
   * @param byDefault what it is if the trace does not tell
   */
  long memory(long byDefault) {
    RecordedRun run = reader.recordedRun();
    return run == null ? byDefault : run.memory();
  }

  /** The guest's processors: several in a recording, whose batches are in the order of the run. */
  int processors() {
    RecordedRun run = reader.recordedRun();
    return run == null ? 1 : run.processors();
  }

  /** The trace's name, for messages. */
  String source() {
    return reader.source();
  }

  @Override
  public boolean fill(ActionBatch batch) {
    if (limitReached || !refill(batch)) {
      return false;
    }
    if (seen == warmup && warmup > 0) {
      firstMeasuredBatch = batches;
    }
    cut(batch);
    if (seen > warmup || warmup == 0) {
      count(batch);
    }
    if (batch.count() == 0) {
      return false;
    }
    batches++;
    return true;
  }

  /**
   * The number (from 0) of the batch with which the measurement begins; valid once that batch is
   * delivered.
   */
  long firstMeasuredBatch() {
    return firstMeasuredBatch;
  }

  /** What was read, once the trace is at its end. */
  ReplayResult.TraceSummary summary() {
    return new ReplayResult.TraceSummary(
        reader.source(),
        reader.format().label(),
        instructions,
        loads,
        stores,
        pages.count(),
        reader.counts().skipped(),
        limitReached);
  }

  private boolean refill(ActionBatch batch) {
    if (carry.count() > 0) {
      batch.copyFrom(carry);
      carry.clear();
      return true;
    }
    return read(batch);
  }

  private boolean read(ActionBatch batch) {
    if (!reader.fill(batch)) {
      return false;
    }
    if (reader.vcpu() >= processors()) {
      throw new NotModelledException("replay of a trace of several virtual CPUs, not in turns");
    }
    batch.setProcessor(reader.vcpu());
    return true;
  }

  /**
   * Ends the batch before the first measured instruction, or before the first one past the limit.
   */
  private void cut(ActionBatch batch) {
    int count = batch.count();
    for (int i = 0; i < count; i++) {
      if (batch.kind(i) != INSTRUCTION) {
        continue;
      }
      if (seen == end) {
        batch.splitAt(i, carry);
        limitReached = true;
        return;
      }
      if (seen == warmup && i > 0 && warmup > 0) {
        batch.splitAt(i, carry);
        return;
      }
      seen++;
    }
  }

  private void count(ActionBatch batch) {
    int count = batch.count();
    for (int i = 0; i < count; i++) {
      byte kind = batch.kind(i);
      if (kind == LOAD) {
        loads++;
      } else if (kind == INSTRUCTION) {
        instructions++;
      } else if (kind == STORE || kind == STORE_VALUE) {
        stores++;
      } else {
        continue;
      }
      pages.touch(batch.address(i));
    }
  }
}
