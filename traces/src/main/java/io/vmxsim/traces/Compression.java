package io.vmxsim.traces;

import io.airlift.compress.zstd.ZstdInputStream;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** How a file is compressed, recognised by its first bytes and never by its name. */
enum Compression {
  NONE("uncompressed", ""),
  GZIP("gzip", "\u001f\u008b"),
  XZ("xz", "\u00fd7zXZ\0"),
  ZSTD("zstd", "(\u00b5/\u00fd"),
  /** DynamoRIO's container: the members chunk.0000, chunk.0001, … make one stream. */
  ZIP("zip", "PK\3\4"),
  BZIP2("bzip2", "BZh");

  /** Bytes needed to tell. */
  static final int MAGIC_LENGTH = 6;

  /** An .xz file says how much memory it needs; more than this is not a trace but an attack. */
  private static final int XZ_MEMORY_KIB = 512 * 1024;

  private static final int GZIP_BUFFER = 64 * 1024;

  private final String label;

  /** The bytes it begins with, as Latin-1. */
  private final String magic;

  Compression(String label, String magic) {
    this.label = label;
    this.magic = magic;
  }

  String label() {
    return label;
  }

  /** The compression of data that begins with the first {@code length} bytes of {@code head}. */
  static Compression of(byte[] head, int length) {
    for (Compression compression : values()) {
      if (compression != NONE && compression.matches(head, length)) {
        return compression;
      }
    }
    return NONE;
  }

  private boolean matches(byte[] head, int length) {
    if (length < magic.length()) {
      return false;
    }
    for (int i = 0; i < magic.length(); i++) {
      if ((head[i] & 0xff) != magic.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** The decompressed bytes of {@code in}. */
  InputStream decompress(InputStream in, String source) throws IOException {
    return switch (this) {
      case NONE -> in;
      case GZIP -> new GZIPInputStream(in, GZIP_BUFFER);
      case XZ -> new XZInputStream(in, XZ_MEMORY_KIB);
      case ZSTD -> new ZstdInputStream(in);
      case ZIP -> new ChunkedZipStream(in, source);
      case BZIP2 ->
          throw new InputException(
              source,
              "byte 0",
              "expected a plain, gzip, xz or zstd file; this is bzip2, run bunzip2 first");
    };
  }
}
