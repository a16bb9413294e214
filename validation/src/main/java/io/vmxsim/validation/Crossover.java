package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.MixedTrace;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.util.ArrayList;
import java.util.List;

/**
 * Table C3: where EPT overtakes shadow paging. A sweep over how often the guest changes its page
 * tables, for sets of pages that miss the TLB seldom and often; every point is a {@link MixedTrace}
 * replayed in three modes on the default CPU, after each page has been used once.
 *
 * @param lines one for each set of pages
 */
public record Crossover(List<Line> lines) {
  /** 2 MBytes fit the second-level TLB, 64 MBytes are ten times what it covers. */
  private static final int[] PAGES = {512, 2048, 16_384};

  /** Reads from one update to the next. */
  private static final long[] READS_PER_UPDATE = {0, 30_000, 10_000, 3000, 1000, 300, 100, 10};

  private static final long READS = 120_000;
  private static final String CPU = "skylake-sp";
  private static final long SEED = 1;

  /**
   * Points of one set of pages, from no update to most updates.
   *
   * @param pages of 4 KBytes
   */
  public record Line(int pages, List<Point> points) {
    /** Copies the list. */
    public Line {
      points = List.copyOf(points);
    }

    /** How often the winner changes along the line. */
    int crossings() {
      int crossings = 0;
      for (int i = 1; i < points.size(); i++) {
        crossings += points.get(i).eptWins() == points.get(i - 1).eptWins() ? 0 : 1;
      }
      return crossings;
    }

    Point calmest() {
      return points.get(0);
    }

    Point busiest() {
      return points.get(points.size() - 1);
    }
  }

  /**
   * One trace.
   *
   * @param updatesPer1000Reads page-table updates
   * @param missesPer1000Reads page walks when run natively
   * @param nativeCycles per read
   * @param shadowCycles per read
   * @param eptCycles per read
   * @param eptReadsPerWalk entries that a walk reads under EPT, on average
   */
  public record Point(
      double updatesPer1000Reads,
      double missesPer1000Reads,
      double nativeCycles,
      double shadowCycles,
      double eptCycles,
      double eptReadsPerWalk) {

    /** Cycles under shadow paging over those under EPT: above 1, EPT wins. */
    double shadowOverEpt() {
      return shadowCycles / eptCycles;
    }

    boolean eptWins() {
      return shadowCycles > eptCycles;
    }
  }

  /** Copies the list. */
  public Crossover {
    lines = List.copyOf(lines);
  }

  /** The sweep; every call gives the same one. */
  public static Crossover sweep() {
    return Sweep.ONCE;
  }

  /** Replayed when first asked for. */
  private static final class Sweep {
    static final Crossover ONCE = run();

    private static Crossover run() {
      List<Line> lines = new ArrayList<>();
      for (int pages : PAGES) {
        List<Point> points = new ArrayList<>();
        for (long readsPerUpdate : READS_PER_UPDATE) {
          points.add(point(pages, readsPerUpdate));
        }
        lines.add(new Line(pages, points));
      }
      return new Crossover(lines);
    }
  }

  private static Point point(int pages, long readsPerUpdate) {
    List<ReplayConfiguration> modes = new ArrayList<>();
    for (Paging paging : Paging.values()) {
      modes.add(ReplayConfiguration.of(paging, CpuProfile.named(CPU)));
    }
    MixedTrace trace = new MixedTrace(pages, READS, readsPerUpdate, SEED);
    ReplayOptions options =
        new ReplayOptions(
            modes, trace.warmup(), Long.MAX_VALUE, 0, 0, SEED, 0, GuestOsOptions.DEFAULT);
    List<RunResult> runs = new Replay(options, List.of(() -> trace)).run().runs();
    RunResult ept = runs.get(2);
    return new Point(
        readsPerUpdate == 0 ? 0 : 1000.0 / readsPerUpdate,
        1000.0 * runs.get(0).walks().count() / READS,
        perRead(runs.get(0)),
        perRead(runs.get(1)),
        perRead(ept),
        ept.walks().readsPerWalk());
  }

  private static double perRead(RunResult run) {
    return (double) run.cycles().total() / READS;
  }

  static List<PublishedRow> rows() {
    String vmware =
        "VMware 2009: EPT gains up to 48% on MMU-heavy benchmarks, 600% on the smallest";
    String wang = "Wang et al., VEE 2011: gaps up to 34%, neither always wins";
    return List.of(
        PublishedRow.shape(
            "page-table updates, shadow over EPT",
            Expectation.above(1),
            "cycles ratio",
            vmware,
            Grade.PRIMARY,
            () -> sweep().lines.get(0).busiest().shadowOverEpt()),
        PublishedRow.shape(
            "TLB misses and no update, shadow over EPT",
            Expectation.below(1),
            "cycles ratio",
            wang,
            Grade.PRIMARY,
            () -> widest().calmest().shadowOverEpt()),
        PublishedRow.shape(
            "changes of the winner along TLB-missing reads",
            Expectation.equal(1),
            "crossings",
            "follows from the two rows above, if more updates never favour shadow paging",
            Grade.DERIVED,
            () -> widest().crossings()),
        PublishedRow.shape(
            "entries read per walk under EPT, walk caches on",
            Expectation.below(24),
            "reads",
            "24 without walk caches: table A1",
            Grade.DERIVED,
            () -> widest().calmest().eptReadsPerWalk()));
  }

  private static Line widest() {
    return sweep().lines.get(PAGES.length - 1);
  }
}
