package io.vmxsim.validation.host;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs cases on the host's processor, through {@code instruction.c} built with gcc. */
final class HostProcessor implements AutoCloseable {
  private static final Path SOURCE = Path.of("src/main/c/instruction.c");
  private static final int INPUT = 16 + HostState.BYTES;
  private static final int OUTPUT = 8 + HostState.BYTES;

  private final Process process;
  private final DataInputStream from;
  private final byte[] input = new byte[INPUT];
  private final byte[] output = new byte[OUTPUT];

  private HostProcessor(Process process) {
    this.process = process;
    from = new DataInputStream(process.getInputStream());
  }

  /** The host, or null if this machine cannot build or run the program. */
  static @Nullable HostProcessor start(Path directory) throws IOException, InterruptedException {
    boolean suits = System.getProperty("os.arch").equals("amd64") && hasAvx2();
    if (!suits || !Files.exists(SOURCE)) {
      return null;
    }
    Path program = directory.resolve("instruction");
    try {
      Process gcc =
          new ProcessBuilder("gcc", "-O1", "-o", program.toString(), SOURCE.toString()).start();
      if (gcc.waitFor() != 0) {
        return null;
      }
    } catch (IOException absent) {
      return null;
    }
    return new HostProcessor(new ProcessBuilder(program.toString()).start());
  }

  private static boolean hasAvx2() throws IOException {
    Path features = Path.of("/proc/cpuinfo");
    List<String> wanted = List.of(" avx2", " bmi2", " adx", " movbe", " abm", " GenuineIntel");
    String text = Files.exists(features) ? Files.readString(features) : "";
    return wanted.stream().allMatch(text::contains);
  }

  /**
   * Runs one case.
   *
   * @return the signal of its fault, 0 for none
   */
  int run(HostCases one, HostState left) {
    ByteBuffer into = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
    into.put((byte) one.instruction.length).put(one.code);
    one.input.write(into);
    try {
      OutputStream to = process.getOutputStream();
      to.write(input);
      to.flush();
      from.readFully(output);
    } catch (IOException cause) {
      throw new UncheckedIOException("the host's program has ended", cause);
    }
    ByteBuffer result = ByteBuffer.wrap(output).order(ByteOrder.LITTLE_ENDIAN);
    int signal = (int) result.getLong();
    left.read(result);
    return signal;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
