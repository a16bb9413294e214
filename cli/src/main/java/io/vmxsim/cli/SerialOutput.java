package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** Where a guest's serial port leads to: standard output, or a file. Lines appear as they end. */
final class SerialOutput implements IntConsumer, AutoCloseable {
  /** What stands for standard output. */
  static final String PRINTED = "-";

  private final Writer out;
  private final boolean isFile;
  private long sent;

  /**
   * @param printed standard output
   * @param target a file, or {@link #PRINTED}
   * @param sent bytes that a restored guest had sent: what a file has beyond them goes
   */
  SerialOutput(Writer printed, String target, long sent) {
    isFile = !target.equals(PRINTED);
    out = isFile ? open(Path.of(target), sent) : printed;
    this.sent = sent;
  }

  private static BufferedWriter open(Path file, long sent) {
    if (sent == 0) {
      return open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      if (channel.size() < sent) {
        throw new InputException(
            file.toString(), "", "expected the " + sent + " bytes sent before the snapshot");
      }
      channel.truncate(sent);
    } catch (IOException failure) {
      throw InputException.of(file, "expected what was sent before the snapshot", failure);
    }
    return open(file, StandardOpenOption.APPEND);
  }

  private static BufferedWriter open(Path file, StandardOpenOption... options) {
    OpenOption[] all = Arrays.copyOf(options, options.length + 1, OpenOption[].class);
    all[options.length] = StandardOpenOption.WRITE;
    try {
      return Files.newBufferedWriter(file, StandardCharsets.ISO_8859_1, all);
    } catch (IOException failure) {
      throw InputException.of(file, "expected to write it", failure);
    }
  }

  @Override
  public void accept(int value) {
    try {
      out.write(value);
      sent++;
      if (value == '\n') {
        out.flush();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Bytes sent so far. */
  long sent() {
    return sent;
  }

  /** Writes out what was sent since the last line ended. */
  void flush() {
    try {
      out.flush();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Override
  public void close() {
    try {
      if (isFile) {
        out.close();
      } else {
        out.flush();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
