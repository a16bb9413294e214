package io.vmxsim.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Standard output or standard error, as UTF-8, remembering that a write failed, for instance on a
 * full disk. A reader that has gone away, as in {@code vmxsim … | head}, is no failure.
 */
final class StandardStream extends Writer {
  private final Writer out;
  private @Nullable IOException failure;

  StandardStream(FileDescriptor descriptor) {
    this.out = new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8);
  }

  /** Why something could not be written; null if everything could. */
  @Nullable IOException failure() {
    return failure;
  }

  @Override
  public void write(char[] buffer, int offset, int length) {
    attempt(() -> out.write(buffer, offset, length));
  }

  @Override
  public void flush() {
    attempt(out::flush);
  }

  @Override
  public void close() {
    attempt(out::close);
  }

  private interface Step {
    void run() throws IOException;
  }

  private void attempt(Step step) {
    try {
      step.run();
    } catch (IOException e) {
      if (failure == null && !String.valueOf(e.getMessage()).contains("Broken pipe")) {
        failure = e;
      }
    }
  }
}
