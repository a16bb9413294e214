package io.vmxsim.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.MappedBytes;

/**
 * A file read through memory maps of a bounded part of it, with 64-bit offsets. The length is taken
 * once: chronicle-bytes does not check bounds itself.
 */
final class MappedFileStream extends InputStream {
  /** Mapped at a time, and how far a read may reach beyond a chunk's end. */
  private static final long CHUNK = 64 << 20;

  private static final long OVERLAP = 1 << 20;

  private final MappedBytes bytes;
  private final long length;
  private long position;

  MappedFileStream(Path file, long length) throws IOException {
    this.length = length;
    bytes = MappedBytes.mappedBytes(file.toFile(), CHUNK, OVERLAP, true);
    // Read by one thread at a time, though not by the one that opened it.
    bytes.singleThreadedCheckDisabled(true);
  }

  @Override
  public int read() {
    return position < length ? bytes.readUnsignedByte(position++) : -1;
  }

  @Override
  public int read(byte[] target, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (position == length) {
      return -1;
    }
    int n = (int) Math.min(Math.min(count, OVERLAP), length - position);
    bytes.readPositionRemaining(position, n);
    bytes.read(target, offset, n);
    position += n;
    return n;
  }

  @Override
  public void close() {
    bytes.releaseLast();
  }
}
