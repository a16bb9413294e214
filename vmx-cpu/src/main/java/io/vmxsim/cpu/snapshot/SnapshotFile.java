package io.vmxsim.cpu.snapshot;

import io.vmxsim.vmcs.InputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.MappedBytes;

/**
 * The file: a header, then blocks with names. Header, block headers and payloads have a checksum
 * (CRC-32C) each; the last block is of type END, so that a file that was cut short shows.
 */
final class SnapshotFile implements Closeable {
  static final int VERSION = 1;

  static final int PART = 1;
  static final int CLASSES = 2;
  static final int FACTS = 3;
  static final int END = 4;

  private static final long MAGIC = 0x00_50_41_4e_53_58_4d_56L; // "VMXSNAP\0"
  private static final int HEADER = 16;

  /** Type, number, length of the name, of the payload, and the checksum of these and the name. */
  private static final int BLOCK_HEADER = 20;

  private static final int CHECKSUM = 4;
  private static final int LONGEST_NAME = 256;
  private static final int LONGEST_PAYLOAD = Integer.MAX_VALUE - (1 << 16);

  private static final long MAPPED_AT_ONCE = 64 << 20;
  private static final long MAPPED_BEYOND = 1 << 20;
  private static final int CHECKED_AT_ONCE = 1 << 16;

  /** A block whose checksums hold. */
  record Block(int type, String name, long start, int length) {}

  private final MappedBytes bytes;
  private final List<Block> blocks = new ArrayList<>();

  private SnapshotFile(MappedBytes bytes) {
    this.bytes = bytes;
  }

  /** Writes blocks under another name, which becomes the file's once all have reached the disk. */
  static final class Writer implements Closeable {
    private final Path file;
    private final Path unfinished;
    private final FileChannel channel;
    private int number;

    Writer(Path file) throws IOException {
      this.file = file;
      unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
      channel =
          FileChannel.open(
              unfinished,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      byte[] header = new byte[HEADER];
      ByteBuffer fields = fields(header).putLong(MAGIC).putInt(VERSION);
      fields.putInt(checksum(header, 0, HEADER - CHECKSUM));
      write(fields.flip());
    }

    void block(int type, String name, byte[] payload) throws IOException {
      byte[] text = name.getBytes(StandardCharsets.UTF_8);
      byte[] header = new byte[BLOCK_HEADER + text.length];
      System.arraycopy(text, 0, header, BLOCK_HEADER, text.length);
      ByteBuffer fields = fields(header);
      fields.putInt(type).putInt(number++).putInt(text.length).putInt(payload.length);
      fields.putInt(headerChecksum(header));
      write(fields.rewind());
      write(ByteBuffer.wrap(payload));
      write(fields(new byte[CHECKSUM]).putInt(checksum(payload, 0, payload.length)).flip());
    }

    /** To be called after the last block: from here on the file is the new one. */
    void finish() throws IOException {
      channel.force(true);
      channel.close();
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel folder =
          FileChannel.open(Objects.requireNonNull(file.toAbsolutePath().getParent()))) {
        folder.force(true);
      }
    }

    private void write(ByteBuffer data) throws IOException {
      while (data.hasRemaining()) {
        channel.write(data);
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private static ByteBuffer fields(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int checksum(byte[] data, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(data, from, length);
    return (int) crc.getValue();
  }

  /** Of a block's header, less the checksum itself, and its name. */
  private static int headerChecksum(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, BLOCK_HEADER - CHECKSUM);
    crc.update(header, BLOCK_HEADER, header.length - BLOCK_HEADER);
    return (int) crc.getValue();
  }

  /**
   * Opens a file and checks all of it.
   *
   * @throws InputException if it is no snapshot, or a damaged one; names the block
   */
  static SnapshotFile open(Path file) {
    try {
      long length = Files.size(file);
      if (length < HEADER) {
        throw new InputException(file.toString(), "byte 0", "expected the header of a snapshot");
      }
      MappedBytes bytes =
          MappedBytes.mappedBytes(file.toFile(), MAPPED_AT_ONCE, MAPPED_BEYOND, true);
      bytes.singleThreadedCheckDisabled(true);
      SnapshotFile opened = new SnapshotFile(bytes);
      try {
        opened.check(file.toString(), length);
        return opened;
      } catch (InputException e) {
        opened.close();
        throw e;
      }
    } catch (IOException failure) {
      throw InputException.of(file, "expected a snapshot", failure);
    }
  }

  private void check(String source, long length) {
    byte[] header = read(0, HEADER);
    ByteBuffer fields = fields(header);
    if (fields.getLong() != MAGIC) {
      throw new InputException(source, "byte 0", "expected the header of a snapshot");
    }
    int version = fields.getInt();
    if (fields.getInt() != checksum(header, 0, HEADER - CHECKSUM)) {
      throw new InputException(source, "byte 0", "expected an intact header: wrong checksum");
    } else if (version != VERSION) {
      throw new InputException(
          source, "byte 8", "expected version " + VERSION + " of the format, found " + version);
    }
    long at = HEADER;
    String before = "the header";
    while (blocks.isEmpty() || blocks.get(blocks.size() - 1).type() != END) {
      Block block = next(source, at, length, before);
      blocks.add(block);
      before = block.name();
      at = block.start() + block.length() + CHECKSUM;
    }
    if (at != length) {
      throw new InputException(
          source, "byte " + at, "expected the end of the file after " + before);
    }
  }

  private Block next(String source, long at, long fileLength, String before) {
    String place = "block " + blocks.size() + " (byte " + at + ", after " + before + ")";
    InputException cut =
        new InputException(source, place, "expected a block, found the end of the file: cut short");
    if (fileLength - at < BLOCK_HEADER) {
      throw cut;
    }
    ByteBuffer fields = fields(read(at, BLOCK_HEADER));
    int type = fields.getInt();
    int number = fields.getInt();
    int nameLength = fields.getInt();
    int length = fields.getInt();
    if (nameLength < 0 || nameLength > LONGEST_NAME || length < 0 || length > LONGEST_PAYLOAD) {
      throw new InputException(source, place, "expected an intact block header");
    }
    if (fileLength - at < BLOCK_HEADER + nameLength) {
      throw cut;
    }
    byte[] header = read(at, BLOCK_HEADER + nameLength);
    if (fields.getInt() != headerChecksum(header) || number != blocks.size()) {
      throw new InputException(source, place, "expected an intact block header: wrong checksum");
    }
    String name = new String(header, BLOCK_HEADER, nameLength, StandardCharsets.UTF_8);
    place = "block " + number + ", " + name;
    long start = at + header.length;
    if (fileLength - start < (long) length + CHECKSUM) {
      throw new InputException(source, place, "expected all of it, found the end of the file");
    }
    if (checksumOf(start, length) != bytes.readInt(start + length)) {
      throw new InputException(source, place, "expected an intact block: wrong checksum");
    }
    return new Block(type, name, start, length);
  }

  private int checksumOf(long start, int length) {
    CRC32C crc = new CRC32C();
    for (int done = 0; done < length; done += CHECKED_AT_ONCE) {
      byte[] some = read(start + done, Math.min(CHECKED_AT_ONCE, length - done));
      crc.update(some, 0, some.length);
    }
    return (int) crc.getValue();
  }

  private byte[] read(long start, int length) {
    byte[] some = new byte[length];
    bytes.readPositionRemaining(start, length);
    bytes.read(some, 0, length);
    return some;
  }

  List<Block> blocks() {
    return blocks;
  }

  /** The payload of a block. */
  byte[] payload(Block block) {
    byte[] payload = new byte[block.length()];
    for (int done = 0; done < payload.length; done += CHECKED_AT_ONCE) {
      byte[] some = read(block.start() + done, Math.min(CHECKED_AT_ONCE, payload.length - done));
      System.arraycopy(some, 0, payload, done, some.length);
    }
    return payload;
  }

  /** All of the file, of which only the blocks may be read. */
  Bytes<?> bytes() {
    return bytes;
  }

  @Override
  public void close() {
    bytes.releaseLast();
  }
}
