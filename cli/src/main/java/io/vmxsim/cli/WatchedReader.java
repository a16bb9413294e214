package io.vmxsim.cli;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.traces.RecordedRun;
import io.vmxsim.traces.TraceCounts;
import io.vmxsim.traces.TraceFormat;
import io.vmxsim.traces.TraceReader;
import org.jspecify.annotations.Nullable;

/** A trace reader with a {@link ProgressLine}, for a replay, which knows nothing of one. */
final class WatchedReader implements TraceReader {
  private final TraceReader reader;
  private final ProgressLine progress;

  WatchedReader(TraceReader reader) {
    this.reader = reader;
    progress = new ProgressLine(reader);
  }

  @Override
  public boolean fill(ActionBatch batch) {
    boolean more = reader.fill(batch);
    progress.accept(reader.bytesRead());
    return more;
  }

  @Override
  public void close() {
    progress.close();
    reader.close();
  }

  @Override
  public TraceFormat format() {
    return reader.format();
  }

  @Override
  public String source() {
    return reader.source();
  }

  @Override
  public @Nullable RecordedRun recordedRun() {
    return reader.recordedRun();
  }

  @Override
  public int vcpu() {
    return reader.vcpu();
  }

  @Override
  public TraceCounts counts() {
    return reader.counts();
  }

  @Override
  public String position() {
    return reader.position();
  }

  @Override
  public long bytesRead() {
    return reader.bytesRead();
  }

  @Override
  public long bytesTotal() {
    return reader.bytesTotal();
  }
}
