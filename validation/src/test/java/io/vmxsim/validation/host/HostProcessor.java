package io.vmxsim.validation.host;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the cases of one seed on the host's processor, through {@code instruction.c} built with gcc.
 */
final class HostProcessor implements AutoCloseable {
  private static final Path SOURCE = Path.of("src/main/c/instruction.c");
  private static final int BATCH = 1024;
  private static final int AT_END = 0x80;
  private static final int INPUT = 16 + HostState.BYTES;
  private static final int OUTPUT = 16 + HostState.BYTES;

  private final Process process;
  private final DataInputStream from;
  private final HostCases ahead;
  private final byte[] output = new byte[BATCH * OUTPUT];
  private ByteBuffer results = ByteBuffer.allocate(0);

  private HostProcessor(Process process, HostCases ahead) {
    this.process = process;
    this.ahead = ahead;
    from = new DataInputStream(process.getInputStream());
  }

  /** The host, or null if this machine cannot build or run the program. */
  static @Nullable HostProcessor start(Path directory, long seed)
      throws IOException, InterruptedException {
    boolean suits = System.getProperty("os.arch").equals("amd64") && isRecent();
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
    Process process = new ProcessBuilder(program.toString()).start();
    return new HostProcessor(process, new HostCases(seed, SimulatedProcessor.decoder()));
  }

  private static boolean isRecent() throws IOException {
    Path features = Path.of("/proc/cpuinfo");
    List<String> wanted =
        List.of(" GenuineIntel", " avx2", " adx", " movbe", " sha_ni", " gfni", " vpclmulqdq");
    String text = Files.exists(features) ? Files.readString(features) : "";
    return wanted.stream().allMatch(text::contains);
  }

  /**
   * Has the processor run the next cases.
   *
   * @param count at most {@link #BATCH}
   */
  private void runBatch(int count) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(4 + count * INPUT).order(ByteOrder.LITTLE_ENDIAN);
    into.putInt(count);
    for (int i = 0; i < count; i++) {
      ahead.next();
      int place = ahead.isAtEnd() ? AT_END : 0;
      into.put((byte) (ahead.instruction.length | place)).put(ahead.code);
      ahead.input.write(into);
    }
    OutputStream to = process.getOutputStream();
    to.write(into.array());
    to.flush();
    from.readFully(output, 0, count * OUTPUT);
    results = ByteBuffer.wrap(output, 0, count * OUTPUT).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What the next case left, and how it ended. */
  HostFault next(HostState left) throws IOException {
    if (!results.hasRemaining()) {
      runBatch(BATCH);
    }
    HostFault fault = new HostFault(results.getLong(), results.getLong());
    left.read(results);
    return fault;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
