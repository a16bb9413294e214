package io.vmxsim.traces;

import org.jspecify.annotations.Nullable;

/**
 * How to read a trace.
 *
 * @param format what the file holds; null to recognise it by content
 * @param lenient whether records that make no sense are counted and skipped instead of ending the
 *     reading
 */
public record TraceOptions(@Nullable TraceFormat format, boolean lenient) {

  /** Recognise the format, accept no bad record. */
  public static final TraceOptions DEFAULT = new TraceOptions(null, false);

  /** These options for a file of the given format. */
  public TraceOptions withFormat(@Nullable TraceFormat newFormat) {
    return new TraceOptions(newFormat, lenient);
  }

  /** These options with bad records skipped, or not. */
  public TraceOptions withLenient(boolean newLenient) {
    return new TraceOptions(format, newLenient);
  }
}
