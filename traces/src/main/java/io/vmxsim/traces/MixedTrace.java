package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A made-up trace of a small kernel that reads pages at random and now and then maps one to another
 * frame: how often it does the one, and over how many pages it does the other, decide whether EPT
 * or shadow paging is the cheaper. Each page is read once, in order, before that.
 */
public final class MixedTrace implements TraceReader {
  /** Behind the kernel's own 4 MBytes. */
  private static final int FIRST_PAGE = 1024;

  private static final int STEPS_IN_BATCH = 1024;

  private final int pages;
  private final long reads;
  private final long readsPerUpdate;
  private final Random random;
  private final TraceCounts counts = new TraceCounts();
  private @Nullable KernelTrace kernel;
  private ActionBatch target = new ActionBatch(1);
  private long done;

  /**
   * @param pages read, a multiple of 512
   * @param reads at random, after the one of each page
   * @param readsPerUpdate reads at random from one page-table update to the next; 0 for no update
   * @param seed of what is chosen at random
   */
  public MixedTrace(int pages, long reads, long readsPerUpdate, long seed) {
    this.pages = pages;
    this.reads = reads;
    this.readsPerUpdate = readsPerUpdate;
    this.random = new Random(seed);
  }

  /** Instructions before the reads at random begin. */
  public long warmup() {
    return pages;
  }

  @Override
  public boolean fill(ActionBatch batch) {
    target = batch;
    batch.clear();
    if (kernel == null) {
      kernel = new KernelTrace(flushed -> target.copyFrom(flushed), FIRST_PAGE + pages);
      return true;
    }
    if (done == pages + reads) {
      return false;
    }
    for (int i = 0; i < STEPS_IN_BATCH && done < pages + reads; i++) {
      step(kernel);
    }
    kernel.flush();
    return true;
  }

  private void step(KernelTrace kernel) {
    long past = done - pages;
    int page = FIRST_PAGE + (past < 0 ? (int) done : random.nextInt(pages));
    if (past >= 0 && readsPerUpdate > 0 && past % readsPerUpdate == 0) {
      kernel.remap(page, KernelTrace.entry(FIRST_PAGE + random.nextInt(pages)));
      counts.instructions += 2;
      counts.stores++;
    }
    kernel.access(ActionKind.LOAD, page);
    counts.instructions++;
    counts.loads++;
    counts.records++;
    done++;
  }

  @Override
  public TraceFormat format() {
    return TraceFormat.VXT;
  }

  @Override
  public String source() {
    return "generated";
  }

  @Override
  public TraceCounts counts() {
    return counts;
  }

  @Override
  public String position() {
    return "read " + done;
  }
}
