package io.vmxsim.traces;

import io.vmxsim.vmcs.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;

/**
 * The decompressed bytes of one trace behind one large buffer. Readers work on {@link #buffer}
 * between {@link #position} and {@link #limit} directly and ask for more with {@link #require}.
 */
final class TraceInput implements AutoCloseable {
  private static final int BUFFER_SIZE = 1 << 20;

  /** Bytes behind {@link #limit} that always exist, so that short reads need no check each. */
  static final int SLACK = 64;

  byte[] buffer = new byte[BUFFER_SIZE + SLACK];
  int position;
  int limit;

  private final String source;
  private final CountingInputStream raw;
  private final long rawLength;
  private final Compression compression;
  private final InputStream in;

  /** Offset of {@code buffer[0]} in the decompressed data. */
  private long base;

  private boolean ended;

  /**
   * @param source for messages
   * @param stream the bytes of the file as stored
   * @param rawLength how many, -1 if not known
   */
  TraceInput(String source, InputStream stream, long rawLength) {
    this.source = source;
    this.rawLength = rawLength;
    raw = new CountingInputStream(stream);
    Compression found = Compression.NONE;
    try {
      byte[] head = raw.readNBytes(Compression.MAGIC_LENGTH);
      found = Compression.of(head, head.length);
      in = found.decompress(new SequenceInputStream(new ByteArrayInputStream(head), raw), source);
    } catch (IOException | RuntimeException e) {
      close(stream);
      throw unreadable(found, e);
    }
    compression = found;
  }

  /** For messages. */
  String source() {
    return source;
  }

  /** How the file is compressed. */
  Compression compression() {
    return compression;
  }

  /** Length of the decompressed data, -1 if not known before the end. */
  long length() {
    return compression == Compression.NONE ? rawLength : -1;
  }

  /** Bytes of the file read so far, before decompression. */
  long rawPosition() {
    return raw.count;
  }

  /** Bytes of the file, before decompression; -1 if not known. */
  long rawLength() {
    return rawLength;
  }

  /** Offset of the next byte in the decompressed data. */
  long offset() {
    return base + position;
  }

  /** Bytes in the buffer. */
  int available() {
    return limit - position;
  }

  /**
   * Sees to it that the buffer holds at least {@code count} bytes at {@link #position}. Moves the
   * content of the buffer, and replaces it by a larger one when it must.
   *
   * @return false if the data ends before; the buffer then holds all that is left
   */
  boolean require(int count) {
    if (limit - position >= count) {
      return true;
    }
    System.arraycopy(buffer, position, buffer, 0, limit - position);
    base += position;
    limit -= position;
    position = 0;
    while (limit < count && !ended) {
      // Doubling, not count at once: a corrupted length costs no more memory than there is data.
      if (limit == buffer.length - SLACK) {
        buffer = Arrays.copyOf(buffer, limit * 2 + SLACK);
      }
      read();
    }
    return limit >= count;
  }

  private void read() {
    try {
      int n = in.read(buffer, limit, buffer.length - SLACK - limit);
      if (n < 0) {
        ended = true;
      } else {
        limit += n;
      }
    } catch (IOException | RuntimeException e) {
      throw unreadable(compression, e);
    }
  }

  /** A complaint about this input at a position in the reader's own units. */
  InputException bad(String where, String expected) {
    return new InputException(source, where, "expected " + expected);
  }

  private InputException unreadable(Compression found, Exception e) {
    if (e instanceof InputException inputException) {
      return inputException;
    }
    String detail = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new InputException(
        source,
        "byte " + raw.count,
        "expected "
            + (found == Compression.NONE ? "readable data" : "intact " + found.label() + " data")
            + " ("
            + detail.lines().findFirst().orElse("")
            + ")");
  }

  /** The rest of the data as a stream. */
  InputStream remaining() {
    return new SequenceInputStream(
        new ByteArrayInputStream(buffer, position, limit - position), in);
  }

  @Override
  public void close() {
    close(in);
  }

  private static void close(InputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // Nothing was written and everything needed was read.
    }
  }

  /**
   * Counts what passes, and never says "nothing available": gzip takes that for the last member.
   */
  private static final class CountingInputStream extends InputStream {
    private final InputStream in;
    private volatile long count;

    CountingInputStream(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      if (b >= 0) {
        add(1);
      }
      return b;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      int n = in.read(b, off, len);
      if (n > 0) {
        add(n);
      }
      return n;
    }

    /** Written by the reading thread only; a progress bar may look from another. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void add(int n) {
      count += n;
    }

    @Override
    public int available() {
      return 1;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
