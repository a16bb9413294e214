package io.vmxsim.bench;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs our smallest hypervisor, machine code that answers a guest's CPUID instructions, here and on
 * Debian's Bochs, in turn, and prints VM exits per second of processor time: medians and ratio.
 *
 * <p>Behind them come the VM exits of a guest that executes CPUID in a loop under our own VMM,
 * which is Java, as {@code run} has it.
 *
 * <p>Each measurement is the difference of two runs that differ in their number of VM exits only.
 * Our own machine runs warm. That both count the same VM exits is checked.
 */
public final class SideBySideExits {
  private static final int RUNS = 5;
  private static final int FEW = 100_000;
  private static final int MANY = 500_000;
  private static final long RAM = 64 << 20;
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();

  private SideBySideExits() {}

  /** Runs the comparison. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    PrintStream out = System.out;
    Guest guest = GuestCatalog.find("hypervisor").orElseThrow();
    Path directory = Files.createTempDirectory("vmxsim-bench");
    boolean peer = ExecutionPeer.BOCHS.isInstalled();
    double[] ours = new double[RUNS];
    double[] theirs = new double[RUNS];
    run(guest, MANY);
    for (int i = 0; i < RUNS; i++) {
      ours[i] = (MANY - FEW) / (run(guest, MANY) - run(guest, FEW));
      if (peer) {
        double more = runBochs(guest, MANY, directory);
        theirs[i] = (MANY - FEW) / (more - runBochs(guest, FEW, directory));
      }
    }
    double median = SideBySideTranslation.median(ours);
    out.println("VM exits per second of processor time, in thousands: median of " + RUNS + " runs");
    out.printf("  %-10s %8.0f%n", "vmxsim", median / 1e3);
    if (peer) {
      double bochs = SideBySideTranslation.median(theirs);
      out.printf(
          "  %-10s %8.0f   vmxsim is %.2f times as fast%n",
          ExecutionPeer.BOCHS.title, bochs / 1e3, median / bochs);
    } else {
      out.println("  Bochs      not installed: there is no ratio");
    }
    out.printf("  under run, with EPT %10.0f%n", underRun(VmOptions.ept(PageSize.SIZE_4K)) / 1e3);
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  /** VM exits per second of a loop of CPUID under our VMM, the median. */
  private static double underRun(VmOptions options) {
    Guest guest = GuestCatalog.find("cpuid-loop").orElseThrow();
    double[] rates = new double[RUNS];
    run(guest, FEW, new Hypervisor(options), "done");
    for (int i = 0; i < RUNS; i++) {
      double more = run(guest, MANY, new Hypervisor(options), "done");
      rates[i] = (MANY - FEW) / (more - run(guest, FEW, new Hypervisor(options), "done"));
    }
    return SideBySideTranslation.median(rates);
  }

  private static double runBochs(Guest guest, int rounds, Path directory)
      throws IOException, InterruptedException {
    return ExecutionPeer.BOCHS.run(guest.disk("rounds=" + rounds), said(rounds), directory);
  }

  /**
   * @return processor time in seconds
   */
  private static double run(Guest guest, int rounds) {
    return run(guest, rounds, Platform.BARE, said(rounds));
  }

  private static double run(Guest guest, int rounds, Platform platform, String expected) {
    StringBuilder said = new StringBuilder();
    CpuProfile cpu = CpuProfile.named("skylake-sp");
    Machine machine = new Machine(cpu, RAM, 1, sent -> said.append((char) sent), platform);
    BootRequest request =
        new BootRequest(guest.name(), guest.image(), "rounds=" + rounds, List.of());
    ImageLoader.load(request, machine);
    long start = THREAD.getCurrentThreadCpuTime();
    machine.run(Long.MAX_VALUE);
    double seconds = (THREAD.getCurrentThreadCpuTime() - start) / 1e9;
    if (!said.toString().contains(expected)) {
      throw new IllegalStateException("it said " + said);
    }
    return seconds;
  }

  /** What the guest prints in the end; the last VM exit is its VMCALL. */
  private static String said(int rounds) {
    return "%d VM exits, %d of them".formatted(rounds + 1, rounds);
  }
}
