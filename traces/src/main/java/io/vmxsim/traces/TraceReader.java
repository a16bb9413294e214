package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import org.jspecify.annotations.Nullable;

/**
 * A trace being read from front to back, one implementation per format. A reader allocates nothing
 * per record and is used by one thread at a time.
 *
 * <p>Input that is truncated, corrupted or of another format ends the reading with an {@code
 * InputException} that names the source, the position and what was expected there.
 */
public interface TraceReader extends AutoCloseable {

  /** The format. */
  TraceFormat format();

  /** File name, {@code -} for standard input. */
  String source();

  /**
   * Clears the batch and fills it with the next actions, all of one virtual CPU. An instruction and
   * the sensitive action that it is are in the same batch.
   *
   * @return false at the end of the trace; the batch is then empty
   */
  boolean fill(ActionBatch batch);

  /**
   * The run that the trace is a recording of, as far as it is known: its exits once the trace is at
   * its end. Null if the trace is none.
   */
  default @Nullable RecordedRun recordedRun() {
    return null;
  }

  /** The virtual CPU that the last batch belongs to; 0 in formats that know only one. */
  default int vcpu() {
    return 0;
  }

  /** What has been delivered so far. The object is the reader's own and keeps changing. */
  TraceCounts counts();

  /** Where the reading stands, for messages: for example {@code line 12}. */
  String position();

  /** Bytes of the file read so far, before decompression; for a progress bar. */
  default long bytesRead() {
    return 0;
  }

  /** Bytes of the file, before decompression; -1 if not known. */
  default long bytesTotal() {
    return -1;
  }

  @Override
  default void close() {}
}
