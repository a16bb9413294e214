package io.vmxsim.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Runs the modelled TLB beside the C reference loop, in turn and on one thread, and prints medians
 * of millions of translations per second of processor time and their ratio.
 *
 * <p>Both translate the same addresses; that the sums of physical addresses and the numbers of
 * misses agree is checked. Run it from the repository's root, or give the path of translate.c.
 */
public final class SideBySideTranslation {
  private static final int ROUNDS = 5;
  private static final int WARM_UP_ROUNDS = 2;
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();
  private static final String SOURCE = "bench/src/main/c/translate.c";

  /** One stream of addresses. */
  private record Stream(String name, int pages, long translations) {}

  private static final Stream[] STREAMS = {
    new Stream("sequential", TranslationLoop.SEQUENTIAL, 40_000_000),
    new Stream("48 pages", 48, 20_000_000),
    new Stream("1200 pages", 1200, 10_000_000),
    new Stream("1 GiB random", 1 << 18, 2_000_000),
  };

  /** One run: how long, and what must be the same on both sides. */
  private record Run(long nanoseconds, long sum, long firstLevelMisses, long walks) {
    double millionsPerSecond(Stream stream) {
      return stream.translations * 1e3 / nanoseconds;
    }

    void requireSameAs(Run other, String what) {
      if (sum != other.sum || firstLevelMisses != other.firstLevelMisses || walks != other.walks) {
        throw new IllegalStateException(what + ": Java " + this + " but C " + other);
      }
    }
  }

  private SideBySideTranslation() {}

  /**
   * Runs the comparison.
   *
   * @param arguments optionally the path of translate.c
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    PrintStream out = System.out;
    Path source = Path.of(arguments.length > 0 ? arguments[0] : SOURCE);
    Path directory = Files.createTempDirectory("vmxsim-bench");
    Path program = directory.resolve("translate");
    boolean built = build(source, program);
    out.println(
        built
            ? "Translations per second of processor time, in millions: median of "
                + ROUNDS
                + " runs"
            : "gcc is absent: only the Java side is measured, there is no ratio");
    out.printf("%-24s %10s %10s %8s%n", "", "Java", "C", "ratio");
    for (boolean nested : new boolean[] {false, true}) {
      for (Stream stream : STREAMS) {
        compare(out, nested, stream, built ? program : null);
      }
    }
    Files.deleteIfExists(program);
    Files.delete(directory);
  }

  private static void compare(
      PrintStream out, boolean nested, Stream stream, @Nullable Path program)
      throws IOException, InterruptedException {
    String what = (nested ? "4x4-level EPT, " : "4-level, ") + stream.name;
    double[] java = new double[ROUNDS];
    double[] c = new double[ROUNDS];
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      Run mine = runJava(nested, stream);
      if (round < 0) {
        continue;
      }
      java[round] = mine.millionsPerSecond(stream);
      if (program != null) {
        Run theirs = runC(program, nested, stream);
        mine.requireSameAs(theirs, what);
        c[round] = theirs.millionsPerSecond(stream);
      }
    }
    double javaMedian = median(java);
    if (program == null) {
      out.printf("%-24s %10.1f %10s %8s%n", what, javaMedian, "-", "-");
    } else {
      out.printf(
          "%-24s %10.1f %10.1f %8.2f%n", what, javaMedian, median(c), javaMedian / median(c));
    }
  }

  private static Run runJava(boolean nested, Stream stream) {
    TranslationLoop loop = new TranslationLoop(nested, stream.pages);
    long start = THREAD.getCurrentThreadCpuTime();
    long sum = loop.run(stream.translations);
    long nanoseconds = THREAD.getCurrentThreadCpuTime() - start;
    return new Run(nanoseconds, sum, loop.firstLevelMisses(), loop.walks());
  }

  private static Run runC(Path program, boolean nested, Stream stream)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                program.toString(),
                nested ? "nested" : "native",
                Integer.toString(stream.pages),
                Long.toString(stream.translations))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("the C reference loop failed");
    }
    String[] words = output.trim().split(" ", -1);
    return new Run(
        Long.parseLong(words[0]),
        Long.parseUnsignedLong(words[1]),
        Long.parseLong(words[2]),
        Long.parseLong(words[3]));
  }

  /** Builds the C program; false if there is no gcc. */
  private static boolean build(Path source, Path program) throws IOException, InterruptedException {
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-O3", "-o", program.toString(), source.toString())
              .inheritIO()
              .start();
    } catch (IOException absent) {
      return false;
    }
    if (gcc.waitFor() != 0) {
      throw new IllegalStateException("gcc does not compile " + source);
    }
    return true;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
