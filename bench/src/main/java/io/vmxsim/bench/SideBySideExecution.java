package io.vmxsim.bench;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs one boot sector here and on the simulators that are installed, in turn, and prints medians
 * of millions of instructions per second of processor time and their ratio to Debian's Bochs.
 *
 * <p>Each measurement is the difference of two runs that differ in their number of rounds only, so
 * that neither a simulator's start nor its BIOS counts. Our own machine runs warm. That all compute
 * the same checksum is checked.
 */
public final class SideBySideExecution {
  private static final int RUNS = 5;
  private static final int R12 = 12;
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();

  /** A guest in a short version and a long one. */
  private record Load(String name, ExecutionGuest shorter, ExecutionGuest longer) {
    static Load of(String name, int blocks, int blocksRun) {
      int rounds = blocksRun / blocks;
      return new Load(
          name, new ExecutionGuest(blocks, rounds), new ExecutionGuest(blocks, 4 * rounds));
    }
  }

  private static final List<Load> LOADS =
      List.of(
          Load.of("one block, a hot loop", 1, 2_000_000),
          Load.of("2000 blocks in turn", 2000, 2_000_000));

  /** What a run here came to. */
  private record Run(long instructions, double seconds, String letters) {}

  private SideBySideExecution() {}

  /** Runs the comparison. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    PrintStream out = System.out;
    Path directory = Files.createTempDirectory("vmxsim-bench");
    out.println(
        "Instructions per second of processor time, in millions: median of " + RUNS + " runs");
    for (Load load : LOADS) {
      compare(out, load, directory);
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  private static void compare(PrintStream out, Load load, Path directory)
      throws IOException, InterruptedException {
    Run shorter = run(load.shorter);
    Run longer = run(load.longer);
    double millions = (longer.instructions - shorter.instructions) / 1e6;
    out.printf("%s, %.0f million instructions%n", load.name, millions);
    ExecutionPeer[] peers =
        Arrays.stream(ExecutionPeer.values())
            .filter(ExecutionPeer::isInstalled)
            .toArray(ExecutionPeer[]::new);
    double[] ours = new double[RUNS];
    double[][] theirs = new double[peers.length][RUNS];
    for (int i = 0; i < RUNS; i++) {
      ours[i] = millions / (run(load.longer).seconds - run(load.shorter).seconds);
      for (int peer = 0; peer < peers.length; peer++) {
        double more = peers[peer].run(load.longer.bootSector(), longer.letters, directory);
        double less = peers[peer].run(load.shorter.bootSector(), shorter.letters, directory);
        theirs[peer][i] = millions / (more - less);
      }
    }
    out.printf("  %-10s %8.1f%n", "vmxsim", SideBySideTranslation.median(ours));
    for (ExecutionPeer peer : ExecutionPeer.values()) {
      int at = Arrays.asList(peers).indexOf(peer);
      if (at < 0) {
        out.printf("  %-10s not installed: there is no ratio%n", peer.title);
      } else {
        double median = SideBySideTranslation.median(theirs[at]);
        out.printf(
            "  %-10s %8.1f   vmxsim is %.2f times as fast%n",
            peer.title, median, SideBySideTranslation.median(ours) / median);
      }
    }
  }

  /** Runs a guest to its end on a machine of its own. */
  private static Run run(ExecutionGuest guest) {
    Processor processor = boot(guest);
    long start = THREAD.getCurrentThreadCpuTime();
    RunOutcome outcome = processor.run(Long.MAX_VALUE);
    double seconds = (THREAD.getCurrentThreadCpuTime() - start) / 1e9;
    if (outcome != RunOutcome.HALTED) {
      throw new IllegalStateException(outcome + " at " + processor);
    }
    String letters = ExecutionGuest.letters(processor.state().register(R12));
    return new Run(processor.instructions(), seconds, letters);
  }

  /** A processor in real-address mode at the boot sector, as a BIOS leaves it. */
  static Processor boot(ExecutionGuest guest) {
    CpuProfile profile = CpuProfile.named("skylake-sp");
    Processor processor = new Processor(profile, new PhysicalMemory(profile.cpuid().maxPhyAddr()));
    byte[] sector = guest.bootSector();
    processor.memory().writeBytes(ExecutionGuest.ORIGIN, sector, 0, sector.length);
    CpuState state = processor.state();
    state.setCr0(CpuState.CR0_ET);
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, 0, 0, 0xffff, Segment.FLAT_DATA & 0xff);
    }
    state.loadSegment(Segment.CS, 0, 0, 0xffff, Segment.FLAT_CODE & 0xff);
    state.rip = ExecutionGuest.ORIGIN;
    Executor.on(processor);
    return processor;
  }
}
