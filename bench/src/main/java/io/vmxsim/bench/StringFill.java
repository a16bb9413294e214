package io.vmxsim.bench;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * How long {@code rep stosb} takes for 1 GiB: 4-level paging, 4-KByte pages and 2-MByte pages, with
 * the exact TLB. The first run of a machine makes its memory, the later ones find it.
 */
public final class StringFill {
  private static final int RUNS = 5;
  private static final long BYTES = 1L << 30;
  private static final long DATA = 1L << 30;
  private static final long CODE = 0x10_0000;
  private static final long PML4 = 0x1000;
  private static final long TABLES = 0x1000_0000;
  private static final long PRESENT = 7;
  private static final long LARGE = 0x80;
  private static final int ENTRIES = 512;
  private static final int VALUE = 0x5a;

  private StringFill() {}

  /** Runs it and prints the seconds of processor time. */
  public static void main(String[] arguments) {
    System.out.println("Seconds of processor time for 1 GiB of REP STOSB");
    System.out.printf("%-8s %10s %18s%n", "pages", "first", "median of " + RUNS);
    for (boolean large : new boolean[] {false, true}) {
      Processor processor = machine(large);
      double first = fill(processor);
      double[] later = new double[RUNS];
      Arrays.setAll(later, run -> fill(processor));
      Arrays.sort(later);
      System.out.printf(
          "%-8s %10.2f %18.2f%n", large ? "2 MByte" : "4 KByte", first, later[RUNS / 2]);
    }
  }

  private static Processor machine(boolean large) {
    CpuProfile profile = CpuProfile.named("skylake-sp");
    PhysicalMemory memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    Processor processor = new Processor(profile, memory);
    memory.write64(PML4, 0x2000 | PRESENT);
    for (int gigabyte = 0; gigabyte < 2; gigabyte++) {
      long directory = 0x3000 + 0x1000L * gigabyte;
      memory.write64(0x2000 + 8L * gigabyte, directory | PRESENT);
      for (int i = 0; i < ENTRIES; i++) {
        int page = gigabyte * ENTRIES + i;
        long entry = large ? (long) page << 21 | LARGE : TABLES + 0x1000L * page;
        memory.write64(directory + 8L * i, entry | PRESENT);
        for (int j = 0; j < ENTRIES && !large; j++) {
          memory.write64(TABLES + 0x1000L * page + 8L * j, ((long) page << 21 | j << 12) | PRESENT);
        }
      }
    }
    memory.write8(CODE, 0xf3);
    memory.write8(CODE + 1, 0xaa); // rep stosb
    memory.write8(CODE + 2, 0xf4); // hlt
    processor.state().startIn64BitMode(PML4);
    Executor.on(processor);
    return processor;
  }

  private static double fill(Processor processor) {
    CpuState state = processor.state();
    state.activity = ActivityState.ACTIVE;
    state.rip = CODE;
    state.setRegister(CpuState.RAX, VALUE);
    state.setRegister(CpuState.RCX, BYTES);
    state.setRegister(CpuState.RDI, DATA);
    long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    RunOutcome outcome = RunOutcome.BUDGET;
    while (outcome == RunOutcome.BUDGET) {
      outcome = processor.run(1L << 40);
    }
    double seconds = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before) / 1e9;
    boolean filled = processor.memory().read8(DATA + BYTES - 1) == VALUE;
    if (outcome != RunOutcome.HALTED || !filled || state.register(CpuState.RCX) != 0) {
      throw new IllegalStateException(outcome + " at " + processor);
    }
    return seconds;
  }
}
