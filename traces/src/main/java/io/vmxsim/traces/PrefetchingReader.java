package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads ahead on a thread of its own, a few batches at most. The batches, their order and the point
 * at which an exception arrives are those of the reader alone; counts are as of the batch that was
 * handed out last.
 */
public final class PrefetchingReader implements ActionSource, AutoCloseable {
  private static final int IN_FLIGHT = 3;
  private static final long CLOSE_MILLIS = 1000;

  private final TraceReader reader;
  private final BlockingQueue<Slot> free = new ArrayBlockingQueue<>(IN_FLIGHT + 1);
  private final BlockingQueue<Slot> full = new ArrayBlockingQueue<>(IN_FLIGHT + 1);
  private final Thread thread;
  private final Slot stop = new Slot();
  private @Nullable Slot current;
  private volatile boolean closed;

  /** One batch and what belongs to it. */
  private static final class Slot {
    final ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    final TraceCounts counts = new TraceCounts();
    int vcpu;
    boolean end;
    @Nullable Throwable failure;
  }

  /** Reads ahead of {@code reader}, which belongs to this object from now on. */
  public PrefetchingReader(TraceReader reader) {
    this.reader = reader;
    for (int i = 0; i < IN_FLIGHT; i++) {
      free.add(new Slot());
    }
    thread = new Thread(this::readAhead, "trace-reader");
    thread.setDaemon(true);
    thread.start();
  }

  private void readAhead() {
    try (reader) {
      Slot slot = free.take();
      while (slot != stop && !closed) {
        try {
          slot.end = !reader.fill(slot.batch);
          slot.vcpu = reader.vcpu();
        } catch (RuntimeException | Error e) {
          slot.failure = e;
        }
        slot.counts.copyFrom(reader.counts());
        boolean last = slot.end || slot.failure != null;
        full.put(slot);
        if (last) {
          return;
        }
        slot = free.take();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public @Nullable ActionBatch next() {
    Slot previous = current;
    if (previous != null) {
      if (previous.end || previous.failure != null) {
        return ended(previous);
      }
      free.add(previous);
    }
    try {
      Slot slot = full.take();
      current = slot;
      return slot.end || slot.failure != null ? ended(slot) : slot.batch;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the trace", e);
    }
  }

  private static @Nullable ActionBatch ended(Slot slot) {
    if (slot.failure instanceof Error error) {
      throw error;
    }
    if (slot.failure instanceof RuntimeException exception) {
      throw exception;
    }
    return null;
  }

  /** What had been delivered when the last batch was complete. */
  public TraceCounts counts() {
    return current == null ? stop.counts : current.counts;
  }

  /** The virtual CPU of the last batch. */
  public int vcpu() {
    return current == null ? 0 : current.vcpu;
  }

  /** The reader behind; only what does not change while reading may be asked of it. */
  public TraceReader reader() {
    return reader;
  }

  /** Stops reading; a thread that waits for a pipe ends with it or with the program. */
  @Override
  public void close() {
    closed = true;
    free.offer(stop);
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
