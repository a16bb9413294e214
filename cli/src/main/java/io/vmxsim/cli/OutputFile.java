package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that an option names to be written. */
final class OutputFile {
  /** What goes into a file. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private OutputFile() {}

  /** Writes text; {@link InputException} if it cannot be. */
  static void write(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Writes content; {@link InputException} if it cannot be. */
  static void write(Path file, Content content) {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      content.writeTo(out);
    } catch (IOException e) {
      throw InputException.of(file, "cannot be written", e);
    }
  }
}
