package io.vmxsim.traces;

import static io.vmxsim.traces.VxtLayout.INT;
import static io.vmxsim.traces.VxtLayout.LONG;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.vmcs.InputException;
import it.unimi.dsi.fastutil.ints.Int2ObjectRBTreeMap;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/**
 * Writes a {@code .vxt} file, compressed if the name ends in .gz, .xz or .zst. The file gets its
 * name when {@link #finish} has written the last byte; until then a file of that name stays as it
 * is. Not memory-mapped, unlike reading: a full disk must be an error here, and under a map it is a
 * crash.
 */
public final class TraceWriter implements AutoCloseable {
  private static final int ACTIONS_PER_BLOCK =
      ActionBatch.DEFAULT_CAPACITY - VxtLayout.KEPT_TOGETHER;
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte WORK = ActionKind.WORK.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();
  private static final byte STORE_VALUE = ActionKind.STORE_VALUE.code();

  private final Path target;

  /** What is written to until all is well; null if the target is a device or a pipe. */
  private final @Nullable Path temporary;

  private final OutputStream out;
  private final Int2ObjectRBTreeMap<Stream> streams = new Int2ObjectRBTreeMap<>();
  private final CRC32C crc = new CRC32C();
  private final byte[] header = new byte[VxtLayout.BLOCK_HEADER];
  private long written;
  private boolean finished;

  /** One virtual CPU's part. */
  private static final class Stream {
    final VxtEncoder encoder = new VxtEncoder();
    final VxtReader.VcpuCounts counts = new VxtReader.VcpuCounts();
    long instructionsBefore;
  }

  /**
   * Begins a file.
   *
   * @throws InputException if it cannot be created
   */
  public TraceWriter(Path name) {
    try {
      target = Files.exists(name) ? name.toRealPath() : name.toAbsolutePath();
      boolean special =
          Files.exists(target) && !Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS);
      if (Files.isDirectory(target)) {
        throw new InputException(
            name.toString(), "", "expected a file to write, found a directory");
      }
      temporary =
          special
              ? null
              : target.resolveSibling(
                  "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
      out = compressed(Files.newOutputStream(temporary == null ? target : temporary), target);
    } catch (IOException e) {
      throw unwritable(name, e);
    }
    write(VxtLayout.fileHeader(), VxtLayout.FILE_HEADER);
  }

  private static OutputStream compressed(OutputStream file, Path name) throws IOException {
    String text = name.toString();
    if (text.endsWith(".gz")) {
      return new GZIPOutputStream(file, 1 << 16);
    }
    if (text.endsWith(".xz")) {
      return new XZOutputStream(file, new LZMA2Options());
    }
    return text.endsWith(".zst") ? new ZstdOutputStream(file) : file;
  }

  /** Appends text about the trace's origin. */
  public void note(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    writeBlock(VxtLayout.NOTE, 0, 0, 0, bytes, bytes.length);
  }

  /** Appends what is known of the run that is recorded. */
  void recording(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    writeBlock(VxtLayout.RECORDING, 0, 0, 0, bytes, bytes.length);
  }

  /**
   * Appends actions of one virtual CPU.
   *
   * @param vcpu 0 to 4095
   */
  public void write(int vcpu, ActionBatch batch) {
    write(vcpu, batch, batch.count());
  }

  /** As the other {@code write}, of the first {@code count} actions only. */
  void write(int vcpu, ActionBatch batch, int count) {
    if (vcpu < 0 || vcpu >= VxtLayout.MAX_VCPUS) {
      throw new IllegalArgumentException("virtual CPU " + vcpu);
    }
    Stream stream = streams.get(vcpu);
    if (stream == null) {
      stream = new Stream();
      streams.put(vcpu, stream);
    }
    for (int i = 0; i < count; i++) {
      int actions = stream.encoder.actions();
      if (actions >= ACTIONS_PER_BLOCK
          && (batch.kind(i) == INSTRUCTION || actions == ActionBatch.DEFAULT_CAPACITY)) {
        flush(vcpu, stream);
      }
      stream.encoder.add(batch, i);
      count(stream.counts, batch, i);
    }
  }

  private static void count(VxtReader.VcpuCounts counts, ActionBatch batch, int i) {
    byte kind = batch.kind(i);
    counts.actions++;
    if (kind == INSTRUCTION) {
      counts.instructions++;
    } else if (kind == LOAD) {
      counts.loads++;
    } else if (kind == STORE || kind == STORE_VALUE) {
      counts.stores++;
    } else if (kind == WORK) {
      counts.instructions += batch.value(i);
    }
  }

  private void flush(int vcpu, Stream stream) {
    VxtEncoder encoder = stream.encoder;
    writeBlock(
        VxtLayout.ACTIONS,
        vcpu,
        encoder.actions(),
        stream.instructionsBefore,
        encoder.payload(),
        encoder.length());
    stream.instructionsBefore = stream.counts.instructions;
    stream.counts.blocks++;
    encoder.reset();
  }

  /** Bytes written so far, before compression. */
  public long bytesWritten() {
    return written;
  }

  /** Writes what is held back, so that what is written next lies behind it. */
  void flush() {
    streams
        .int2ObjectEntrySet()
        .forEach(
            e -> {
              if (e.getValue().encoder.actions() > 0) {
                flush(e.getIntKey(), e.getValue());
              }
            });
  }

  /** Ends the file and gives it its name. Nothing can be written afterwards. */
  public void finish() {
    flush();
    byte[] end = new byte[streams.size() * VxtLayout.END_ROW];
    int at = 0;
    for (int vcpu : streams.keySet()) {
      VxtReader.VcpuCounts c = streams.get(vcpu).counts;
      long[] row = {vcpu, c.blocks, c.actions, c.instructions, c.loads, c.stores};
      for (long number : row) {
        LONG.set(end, at, number);
        at += 8;
      }
    }
    writeBlock(VxtLayout.END, 0, 0, 0, end, end.length);
    try {
      out.close();
      if (temporary != null) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw unwritable(target, e);
    }
    finished = true;
  }

  private void writeBlock(
      int type, int vcpu, int actions, long instructions, byte[] payload, int length) {
    INT.set(header, VxtLayout.TYPE_AT, type);
    INT.set(header, VxtLayout.LENGTH_AT, length);
    INT.set(header, VxtLayout.VCPU_AT, vcpu);
    INT.set(header, VxtLayout.ACTIONS_AT, actions);
    LONG.set(header, VxtLayout.INSTRUCTIONS_AT, instructions);
    crc.reset();
    crc.update(header, 0, VxtLayout.CRC_AT);
    crc.update(payload, 0, length);
    INT.set(header, VxtLayout.CRC_AT, (int) crc.getValue());
    write(header, header.length);
    write(payload, length);
  }

  private void write(byte[] bytes, int length) {
    try {
      out.write(bytes, 0, length);
      written += length;
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  private InputException unwritable(Path name, IOException e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new InputException(
        name.toString(), "byte " + written, "expected to be able to write (" + reason + ")", e);
  }

  /** Closes the file; what was not {@link #finish}ed is deleted. */
  @Override
  public void close() {
    if (finished) {
      return;
    }
    finished = true;
    try {
      out.close();
    } catch (IOException e) {
      // What was written is not wanted any more.
    }
    try {
      if (temporary != null) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      // It stays under a name that nobody takes for a trace.
    }
  }
}
