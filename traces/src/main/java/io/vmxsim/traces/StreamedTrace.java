package io.vmxsim.traces;

/** What the readers have in common: one input, read once, and counts. */
abstract class StreamedTrace implements TraceReader {
  final TraceInput input;
  final boolean lenient;
  final TraceCounts counts = new TraceCounts();
  private final TraceFormat format;

  StreamedTrace(TraceFormat format, TraceInput input, boolean lenient) {
    this.format = format;
    this.input = input;
    this.lenient = lenient;
  }

  /** A record makes no sense: skips it if the reading is lenient. */
  final void skipOrThrow(String expected) {
    if (!lenient) {
      throw input.bad(position(), expected);
    }
    counts.skipped++;
  }

  @Override
  public final TraceFormat format() {
    return format;
  }

  @Override
  public final String source() {
    return input.source();
  }

  @Override
  public final TraceCounts counts() {
    return counts;
  }

  @Override
  public final long bytesRead() {
    return input.rawPosition();
  }

  @Override
  public final long bytesTotal() {
    return input.rawLength();
  }

  @Override
  public final void close() {
    input.close();
  }
}
