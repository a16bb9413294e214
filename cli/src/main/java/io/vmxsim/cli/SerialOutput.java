package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/** Where a guest's serial port leads to: standard output, or a file. Lines appear as they end. */
final class SerialOutput implements IntConsumer, AutoCloseable {
  /** What stands for standard output. */
  static final String PRINTED = "-";

  private final Writer out;
  private final boolean isFile;

  /**
   * @param printed standard output
   * @param target a file, or {@link #PRINTED}
   */
  SerialOutput(Writer printed, String target) {
    isFile = !target.equals(PRINTED);
    out = isFile ? open(Path.of(target)) : printed;
  }

  private static BufferedWriter open(Path file) {
    try {
      return Files.newBufferedWriter(file, StandardCharsets.ISO_8859_1);
    } catch (IOException failure) {
      throw InputException.of(file, "expected to write it", failure);
    }
  }

  @Override
  public void accept(int value) {
    try {
      out.write(value);
      if (value == '\n') {
        out.flush();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
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
