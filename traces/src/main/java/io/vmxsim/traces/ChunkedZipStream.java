package io.vmxsim.traces;

import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The members {@code chunk.0000}, {@code chunk.0001}, … of a zip file as one stream. */
final class ChunkedZipStream extends InputStream {
  private final ZipInputStream zip;
  private final String source;
  private int chunk = -1;
  private boolean ended;

  ChunkedZipStream(InputStream in, String source) throws IOException {
    this.source = source;
    zip = new ZipInputStream(in);
    nextChunk();
  }

  private void nextChunk() throws IOException {
    chunk++;
    ZipEntry entry = zip.getNextEntry();
    if (entry == null && chunk > 0) {
      ended = true;
    } else if (entry == null || !isChunk(entry.getName())) {
      throw new InputException(
          source,
          "zip member " + chunk,
          String.format(
              "expected the name chunk.%04d of a drmemtrace file, found %s",
              chunk, entry == null ? "no member" : entry.getName()));
    }
  }

  private boolean isChunk(String name) {
    return name.matches("chunk\\.[0-9]{1,9}") && Integer.parseInt(name.substring(6)) == chunk;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    while (!ended) {
      int n = zip.read(target, offset, count);
      if (n >= 0) {
        return n;
      }
      nextChunk();
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
