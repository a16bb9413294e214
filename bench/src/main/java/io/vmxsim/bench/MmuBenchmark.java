package io.vmxsim.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a translation costs the host.
 *
 * <table>
 *   <caption>Cost centres</caption>
 *   <tr><td>sequential</td><td>the filter: nearly every translation repeats the last one</td></tr>
 *   <tr><td>48 pages</td><td>the filter: first-level hits in any way, with their replacement updates</td></tr>
 *   <tr><td>1200 pages</td><td>second-level hits and first-level fills</td></tr>
 *   <tr><td>262144 pages (1 GiB)</td><td>walks: 99 of 100 translations miss both levels</td></tr>
 * </table>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MmuBenchmark {
  private static final int BATCH = 1 << 14;

  /** Whether EPT is in use: a walk then reads 24 entries instead of 4. */
  @Param({"false", "true"})
  public boolean nested;

  /** Number of pages the random addresses are on; 0 = sequential. */
  @Param({"0", "48", "1200", "262144"})
  public int pages;

  private TranslationLoop loop = new TranslationLoop(false, 1);

  /** Builds the tables. */
  @Setup
  public void buildTables() {
    loop = new TranslationLoop(nested, pages);
  }

  /** One translation of a read that is allowed. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long translate() {
    return loop.run(BATCH);
  }
}
