package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import org.jspecify.annotations.Nullable;

/**
 * One reading of a trace for several replays. A ring of batches: the reader fills the free ones,
 * each subscriber reads all of them in order at its own pace, and a batch is free when the slowest
 * has passed it. All batches go through one thread and no batch is ever copied.
 *
 * <p>A fault of the reader reaches every subscriber, behind the batches read before it.
 */
final class BatchBroadcast implements AutoCloseable {
  private static final int SLOTS = 8;

  /** What fills the batches. */
  interface Filler {
    /** Fills an empty batch; false at the end, with the batch then left empty. */
    boolean fill(ActionBatch batch);
  }

  private final ActionBatch[] ring = new ActionBatch[SLOTS];
  private final long[] released;
  private final Thread thread;
  private long filled;
  private boolean ended;
  private boolean closed;
  private @Nullable RuntimeException failure;

  /**
   * @param filler called on a thread of its own, started with {@link #start}
   * @param subscribers how many replays there are
   */
  BatchBroadcast(Filler filler, int subscribers) {
    for (int i = 0; i < SLOTS; i++) {
      ring[i] = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    }
    released = new long[subscribers];
    thread = new Thread(() -> read(filler), "trace-reader");
    thread.setDaemon(true);
  }

  /** Starts reading. */
  void start() {
    thread.start();
  }

  /** The source of subscriber {@code i}. Each is used by one thread. */
  ActionSource subscriber(int i) {
    return new ActionSource() {
      private long taken;

      @Override
      public @Nullable ActionBatch next() {
        release(i, taken);
        ActionBatch batch = await(taken);
        if (batch == null) {
          leave(i);
        } else {
          taken++;
        }
        return batch;
      }
    };
  }

  /** Subscriber {@code i} wants no more batches: the others go on without it. */
  synchronized void leave(int i) {
    released[i] = Long.MAX_VALUE;
    notifyAll();
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }

  private void read(Filler filler) {
    try {
      while (true) {
        ActionBatch batch = awaitFree();
        if (batch == null) {
          return;
        }
        batch.clear();
        if (!filler.fill(batch)) {
          end(null);
          return;
        }
        publish();
      }
    } catch (RuntimeException e) {
      end(e);
    }
  }

  private synchronized @Nullable ActionBatch awaitFree() {
    while (!closed && filled - slowest() >= SLOTS) {
      pause();
    }
    return closed ? null : ring[(int) (filled % SLOTS)];
  }

  private long slowest() {
    long least = Long.MAX_VALUE;
    for (long r : released) {
      least = Math.min(least, r);
    }
    return Math.min(least, filled);
  }

  private synchronized void publish() {
    filled++;
    notifyAll();
  }

  private synchronized void end(@Nullable RuntimeException cause) {
    ended = true;
    failure = cause;
    notifyAll();
  }

  private synchronized void release(int subscriber, long upTo) {
    released[subscriber] = upTo;
    notifyAll();
  }

  private synchronized @Nullable ActionBatch await(long index) {
    while (index >= filled && !ended && !closed) {
      pause();
    }
    if (index < filled) {
      return ring[(int) (index % SLOTS)];
    }
    if (failure != null) {
      throw failure;
    }
    return null;
  }

  @SuppressWarnings("WaitNotInLoop") // the loops are in the callers
  private synchronized void pause() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted between batches", e);
    }
  }
}
