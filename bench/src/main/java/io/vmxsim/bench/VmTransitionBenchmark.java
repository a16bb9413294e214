package io.vmxsim.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a VM entry and a VM exit cost the host together, all checks of VM entry in force: a guest
 * that executes CPUID in a loop. The goal is below 1,000 ns.
 *
 * <p>Cost centres: the entry's checks, of which only those run again whose fields have changed;
 * moving guest and host state; the executor's first block after the entry.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VmTransitionBenchmark {
  /** The processor: with every control there is, and with those of a CPU. */
  @Param({"max", "skylake-sp"})
  public String profile = "max";

  /** Whether the guest has a VPID: without one every transition drops all translations. */
  @Param({"true", "false"})
  public boolean vpid = true;

  private TransitionGuest guest = new TransitionGuest(profile, vpid);

  /** Brings the guest to its first VM exit. */
  @Setup
  public void enter() {
    guest = new TransitionGuest(profile, vpid);
  }

  /** VM entry, JMP and CPUID, VM exit; RIP is moved on by VMREAD and VMWRITE. */
  @Benchmark
  public long cpuidRoundTrip() {
    guest.roundTrip();
    return guest.exits();
  }
}
