package io.vmxsim.traces;

import io.vmxsim.cpu.ActionKind;
import java.nio.file.Path;
import java.util.Random;

/**
 * Traces made up to show one thing each; {@code docs/traces.md} tells what. Each is of a whole
 * system, a small kernel without a user level, and is the same for the same count and seed.
 */
public enum GeneratedTrace {
  /** A round has each instruction that a VMM intercepts, and each kind of page-table change. */
  SENSITIVE("sensitive", 100) {
    @Override
    void write(TraceWriter writer, long count, Random random) {
      ExampleTrace.write(writer, count);
    }
  },
  /** Page-table updates one after another: a page is mapped to another frame, and read. */
  TABLE_UPDATES("table-updates", 100_000) {
    @Override
    void write(TraceWriter writer, long count, Random random) {
      KernelTrace kernel = new KernelTrace(writer, FIRST_DATA_PAGE + UPDATED_PAGES);
      for (long i = 0; i < count; i++) {
        int page = FIRST_DATA_PAGE + random.nextInt(UPDATED_PAGES);
        kernel.remap(page, KernelTrace.entry(FIRST_DATA_PAGE + random.nextInt(UPDATED_PAGES)));
        kernel.access(ActionKind.LOAD, page);
        kernel.flush();
      }
    }
  },
  /** Reads all over more pages than a TLB holds, and changes nothing. */
  TLB_MISSES("tlb-misses", 2_000_000) {
    @Override
    void write(TraceWriter writer, long count, Random random) {
      KernelTrace kernel = new KernelTrace(writer, FIRST_DATA_PAGE + READ_PAGES);
      for (long i = 0; i < count; i++) {
        kernel.access(ActionKind.LOAD, FIRST_DATA_PAGE + random.nextInt(READ_PAGES));
        kernel.flush();
      }
    }
  };

  /** Behind the kernel's own 4 MBytes. */
  private static final int FIRST_DATA_PAGE = 1024;

  private static final int UPDATED_PAGES = 512;

  /** 64 MBytes, about ten times what a second-level TLB of 1,536 entries covers. */
  private static final int READ_PAGES = 16_384;

  private final String label;
  private final long defaultCount;

  GeneratedTrace(String label, long defaultCount) {
    this.label = label;
    this.defaultCount = defaultCount;
  }

  /** The name on the command line. */
  public String label() {
    return label;
  }

  abstract void write(TraceWriter writer, long count, Random random);

  /**
   * Writes the trace to a file.
   *
   * @param target as {@link TraceWriter} takes it
   * @param count rounds, updates or reads; 0 for as many as show the point
   * @param seed of what is chosen at random
   * @throws io.vmxsim.vmcs.InputException if the target cannot be written
   */
  public void write(Path target, long count, long seed) {
    long number = count > 0 ? count : defaultCount;
    try (TraceWriter writer = new TraceWriter(target)) {
      writer.note("generated: " + label + ", count " + number + ", seed " + seed);
      write(writer, number, new Random(seed));
      writer.finish();
    }
  }
}
