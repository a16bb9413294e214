package io.vmxsim.traces;

import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Opens traces, recognising compression and format by content. */
public final class TraceFormats {

  /** The name that stands for standard input. */
  public static final String STANDARD_INPUT = "-";

  private static final String SAMPLE = "sample.vxt.xz";

  private TraceFormats() {}

  /**
   * Opens a trace.
   *
   * @param name a file, or {@link #STANDARD_INPUT}
   * @throws InputException if it cannot be read or is not a trace
   */
  public static TraceReader open(String name, TraceOptions options) {
    if (name.equals(STANDARD_INPUT)) {
      return open(name, System.in, -1, options);
    }
    rejectRaw(name);
    Path file;
    InputStream stream;
    long length;
    try {
      file = Path.of(name);
      if (Files.isDirectory(file)) {
        throw new InputException(name, "", "expected a trace file, found a directory");
      }
      if (Files.isRegularFile(file) && VxtLayout.isVxt(file)) {
        length = Files.size(file);
        stream = new MappedFileStream(file, length);
      } else {
        length = Files.isRegularFile(file) ? Files.size(file) : -1;
        stream = Files.newInputStream(file);
      }
    } catch (IOException | InvalidPathException e) {
      throw new InputException(name, "", "expected a readable file (" + e.getMessage() + ")");
    }
    return open(name, stream, length, options);
  }

  /** Opens the sample that was recorded from a real program; {@code docs/traces.md} tells how. */
  public static TraceReader openSample() {
    InputStream stream = TraceFormats.class.getResourceAsStream(SAMPLE);
    if (stream == null) {
      throw new IllegalStateException("the bundled trace " + SAMPLE + " is missing");
    }
    return open(SAMPLE, stream, -1, TraceOptions.DEFAULT);
  }

  /**
   * Reads a trace from a stream, which is closed with the reader.
   *
   * @param name for messages
   * @param length of the stream's content in bytes, -1 if not known
   */
  static TraceReader open(String name, InputStream stream, long length, TraceOptions options) {
    TraceInput input = new TraceInput(name, stream, length);
    try {
      TraceFormat format = options.format() == null ? recognise(input) : options.format();
      return reader(format, input, options.lenient());
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  private static TraceReader reader(TraceFormat format, TraceInput input, boolean lenient) {
    if (!input.require(1)) {
      throw input.bad("byte 0", "a trace, found nothing: the file is empty");
    }
    return switch (format) {
      case LACKEY -> new LackeyReader(input, lenient);
      case CHAMPSIM -> new ChampSimReader(input, ChampSimReader.Layout.PLAIN, lenient);
      case CHAMPSIM_CLOUDSUITE ->
          new ChampSimReader(input, ChampSimReader.Layout.CLOUDSUITE, lenient);
      case DRMEMTRACE -> new DrmemtraceReader(input, lenient);
      case VXT -> new VxtReader(input, lenient);
    };
  }

  /** The format of the data, by its beginning. */
  private static TraceFormat recognise(TraceInput input) {
    if (!input.require(1)) {
      throw input.bad("byte 0", "a trace, found nothing: the file is empty");
    }
    TraceFormat format = recognised(input);
    if (format == null) {
      throw input.bad(
          "byte 0",
          "a trace that can be recognised; say what it is with --format "
              + TraceFormat.labels().replace(", ", "|"));
    }
    return format;
  }

  private static @Nullable TraceFormat recognised(TraceInput input) {
    if (VxtLayout.isVxt(input)) {
      return TraceFormat.VXT;
    }
    if (DrmemtraceReader.recognises(input)) {
      return TraceFormat.DRMEMTRACE;
    }
    if (LackeyReader.recognises(input)) {
      return TraceFormat.LACKEY;
    }
    return ChampSimReader.recognises(input) ? TraceFormat.CHAMPSIM : null;
  }

  /** DynamoRIO's unprocessed files are another format, known by their names. */
  private static void rejectRaw(String name) {
    if (name.matches(".*\\.raw(\\.(gz|lz4|zip|zlib|snappy))?")) {
      throw new InputException(
          name,
          "",
          "expected a drmemtrace file from a trace/ directory; raw/ files are another format, convert them"
              + " with: drrun -t drmemtrace -indir <the directory that holds raw/>");
    }
  }
}
