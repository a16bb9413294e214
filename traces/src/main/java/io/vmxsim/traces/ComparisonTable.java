package io.vmxsim.traces;

import static io.vmxsim.traces.TextTable.grouped;

import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Runs of one trace side by side: a column for each run, a row for each quantity. */
final class ComparisonTable {
  private final TextTable table = new TextTable();
  private final List<RunResult> runs;

  private ComparisonTable(List<RunResult> runs) {
    this.runs = runs;
  }

  static void append(StringBuilder out, List<RunResult> runs) {
    ComparisonTable comparison = new ComparisonTable(runs);
    comparison.fill();
    comparison.table.appendTo(out);
    comparison.appendCheapest(out);
  }

  private void fill() {
    row("", RunResult::mode);
    row("host pages", run -> run.paging() == Paging.NATIVE ? "-" : run.hostPage());
    count("VM exits", RunResult::totalExits);
    for (String reason : reasons()) {
      count("  " + reason, run -> run.exitsFor(reason));
    }
    count("  by the guest kernel model", RunResult::guestModelExits);
    count("page walks", run -> run.walks().count());
    count("entries read", run -> run.walks().entryReads());
    row("entries read per walk", run -> decimal(run.walks().readsPerWalk()));
    row("cycles per walk", run -> decimal(run.walks().cyclesPerWalk()));
    count("cycles", run -> run.cycles().total());
    count("  guest", run -> run.cycles().guest());
    count("  translation", run -> run.cycles().translation());
    count("  exit", run -> run.cycles().exit());
    count("  vmm", run -> run.cycles().vmm());
    nativeRun()
        .ifPresent(
            base ->
                row(
                    "cycles relative to native",
                    run -> decimal(ratio(run.cycles().total(), base.cycles().total()))));
  }

  private void appendCheapest(StringBuilder out) {
    List<RunResult> virtualized =
        runs.stream().filter(run -> run.paging() != Paging.NATIVE).toList();
    if (virtualized.size() > 1) {
      RunResult cheapest =
          virtualized.stream()
              .min(Comparator.comparingLong(run -> run.cycles().total()))
              .orElseThrow();
      out.append("Fewest cycles among the virtualized: ").append(cheapest.mode());
      out.append(" with host pages of ").append(cheapest.hostPage()).append(".\n");
    }
  }

  private void count(String label, Function<RunResult, Long> quantity) {
    row(label, run -> grouped(quantity.apply(run)));
  }

  private void row(String label, Function<RunResult, String> cell) {
    table.row(label, runs.stream().map(cell).toList());
  }

  private Optional<RunResult> nativeRun() {
    return runs.stream().filter(run -> run.paging() == Paging.NATIVE).findFirst();
  }

  /** Every reason that occurs in a run, in the order of its first occurrence. */
  private Set<String> reasons() {
    Set<String> reasons = new LinkedHashSet<>();
    for (RunResult run : runs) {
      run.exits().forEach(row -> reasons.add(row.reason()));
    }
    return reasons;
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
