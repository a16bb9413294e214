package io.vmxsim.cpu.snapshot;

import io.vmxsim.vmcs.InputException;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.objects.Reference2IntOpenHashMap;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import net.openhft.chronicle.bytes.Bytes;

/**
 * The state of a machine in a file. {@link #save} writes it; {@link #open} checks it, and {@link
 * #restore} gives it to a machine newly made in the same way.
 *
 * <p>Only the build that wrote a snapshot reads it: one whose classes have other fields refuses it
 * by the name of the class.
 */
public final class Snapshot implements Closeable {
  private static final int BLOCK_BYTES = 1 << 20;
  private static final String NEWLINE = "\n";

  private final String source;
  private final SnapshotFile file;
  private final Map<String, String> facts = new LinkedHashMap<>();
  private final List<String> classes = new ArrayList<>();
  private final LongArrayList records = new LongArrayList(new long[GraphWriter.FIRST]);
  private int checksum;

  /**
   * What is saved.
   *
   * @param parts whose states together are the machine's, by the names that their blocks get
   * @param outside what they refer to that is not the machine's, such as who takes its output
   */
  public record Contents(Map<String, Object> parts, List<Object> outside) {
    /** Copies, in the same order. */
    public Contents {
      parts = new LinkedHashMap<>(parts);
      outside = List.copyOf(outside);
    }
  }

  private Snapshot(String source, SnapshotFile file) {
    this.source = source;
    this.file = file;
  }

  /**
   * Writes a snapshot. A file of that name is replaced once the new one is whole and on the disk.
   *
   * @param facts of one line each, for whoever is to make a machine like this one
   * @throws InputException if the file cannot be written
   */
  public static void save(Path file, Map<String, String> facts, Contents contents) {
    try (SnapshotFile.Writer out = new SnapshotFile.Writer(file)) {
      StringBuilder lines = new StringBuilder();
      facts.forEach((key, value) -> lines.append(key).append('=').append(value).append(NEWLINE));
      out.block(SnapshotFile.FACTS, "facts", utf8(lines.toString()));
      CRC32C crc = new CRC32C();
      GraphWriter graph =
          walk(
              contents,
              (part, records) -> {
                byte[] payload = records.toByteArray();
                crc.update(payload, 0, payload.length);
                write(out, part, payload);
              });
      String names = String.join(NEWLINE, graph.classes());
      out.block(SnapshotFile.CLASSES, "classes", utf8(names));
      byte[] end = new byte[Integer.BYTES];
      ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).putInt((int) crc.getValue());
      out.block(SnapshotFile.END, "end", end);
      out.finish();
    } catch (UncheckedIOException failure) {
      throw InputException.of(
          file, "expected to write it", Objects.requireNonNull(failure.getCause()));
    } catch (IOException failure) {
      throw InputException.of(file, "expected to write it", failure);
    }
  }

  private static GraphWriter walk(Contents contents, GraphWriter.Sink sink) {
    Reference2IntOpenHashMap<Object> outside = new Reference2IntOpenHashMap<>();
    contents.outside().forEach(object -> outside.put(object, outside.size()));
    GraphWriter graph = new GraphWriter(outside, BLOCK_BYTES, sink);
    contents.parts().forEach(graph::part);
    return graph;
  }

  private static void write(SnapshotFile.Writer out, String part, byte[] payload) {
    try {
      out.block(SnapshotFile.PART, part, payload);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Opens a snapshot and checks all of its file.
   *
   * @throws InputException if it is damaged; names the block
   */
  public static Snapshot open(Path path) {
    SnapshotFile file = SnapshotFile.open(path);
    Snapshot snapshot = new Snapshot(path.toString(), file);
    file.blocks().forEach(snapshot::take);
    return snapshot;
  }

  private void take(SnapshotFile.Block block) {
    switch (block.type()) {
      case SnapshotFile.PART -> index(block);
      case SnapshotFile.CLASSES -> text(block).lines().forEach(classes::add);
      case SnapshotFile.FACTS -> text(block).lines().forEach(this::takeFact);
      default -> checksum = file.bytes().readInt(block.start());
    }
  }

  private String text(SnapshotFile.Block block) {
    return new String(file.payload(block), StandardCharsets.UTF_8);
  }

  private void takeFact(String line) {
    int sign = line.indexOf('=');
    facts.put(line.substring(0, sign), line.substring(sign + 1));
  }

  private void index(SnapshotFile.Block block) {
    Bytes<?> bytes = file.bytes();
    long end = block.start() + block.length();
    for (long at = block.start(); at < end; ) {
      records.add(at);
      bytes.readPositionRemaining(at, end - at);
      bytes.readStopBit(); // the class
      long length = bytes.readStopBit();
      at = bytes.readPosition() + length;
    }
  }

  /** What was saved for whoever makes the machine. */
  public Map<String, String> facts() {
    return facts;
  }

  /**
   * Gives a machine the state that was saved.
   *
   * @param contents as when it was saved, of a machine made in the same way
   * @throws InputException if another build of vmxsim saved it, or the machine is another
   */
  public void restore(Contents contents) {
    List<GraphReader.SavedClass> saved = new ArrayList<>();
    for (String text : classes) {
      try {
        saved.add(GraphReader.SavedClass.of(text));
      } catch (IllegalArgumentException e) {
        throw new InputException(
            source,
            "block classes",
            "expected a snapshot of this build of vmxsim, in which " + e.getMessage() + " differs");
      }
    }
    Bytes<?> bytes = file.bytes();
    bytes.clear();
    bytes.readLimit(bytes.realCapacity());
    GraphReader graph = new GraphReader(saved, records.toLongArray(), bytes, contents.outside());
    contents.parts().values().forEach(graph::part);
    graph.finish();
    CRC32C crc = new CRC32C();
    walk(
        contents,
        (part, records) -> {
          byte[] payload = records.toByteArray();
          crc.update(payload, 0, payload.length);
        });
    if ((int) crc.getValue() != checksum) {
      throw new IllegalStateException("a restored machine differs from what " + source + " holds");
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
