package io.vmxsim.traces;

import static io.vmxsim.traces.TextTable.grouped;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A {@link ReplayResult} for people. {@link #exits} shows each run by itself, its exits in the
 * layout of {@code perf kvm stat report} with cycles in place of microseconds; {@link #comparison}
 * puts the paging modes side by side, with {@link ComparisonTable}.
 */
public final class ReplayTextReport {
  private static final int LINE_WIDTH = 100;

  private ReplayTextReport() {}

  /** Each run by itself: exits by reason, cycles, translation caches and hot spots. */
  public static String exits(ReplayResult result) {
    StringBuilder out = new StringBuilder();
    appendTrace(out, result.trace());
    for (RunResult run : result.runs()) {
      out.append('\n');
      appendRun(out, run);
      appendRecorded(out, result, run);
    }
    appendAssumed(out, result.assumed());
    return out.toString();
  }

  /** Exits beside those of runs in a file. */
  public static String against(List<ExitComparison> comparisons) {
    StringBuilder out = new StringBuilder();
    for (ExitComparison comparison : comparisons) {
      out.append("\nBeside the file's run under ").append(comparison.first()).append(": ");
      out.append(comparison.isEqual() ? "the same exits by reason\n" : "other exits\n");
      comparison.appendTo(out);
    }
    return out.toString();
  }

  /** How the run stands to the one that was recorded, if one was and the trace was read whole. */
  private static void appendRecorded(StringBuilder out, ReplayResult result, RunResult run) {
    RecordedRun recorded = result.recorded();
    if (recorded == null || result.trace().limitReached()) {
      return;
    }
    if (run.paging() == Paging.NATIVE && recorded.paging() == Paging.NATIVE) {
      return; // neither has exits
    }
    if (!recorded.isLike(run)) {
      out.append("\nA prediction: the run was recorded under ")
          .append(recorded.paging().label())
          .append(" paging.\n");
      return;
    }
    Map<String, Long> live = recorded.exits();
    Map<String, Long> replayed = run.exitsByReason();
    if (live.equals(replayed)) {
      out.append("\nThe same exits by reason as in the run that was recorded.\n");
      return;
    }
    out.append("\nOther exits than in the run that was recorded:\n");
    ExitComparison.of("recorded", live, "replayed", replayed).appendTo(out);
  }

  /** One run by itself, with the assumed numbers it used. */
  static String run(RunResult run, List<AssumedNumber> assumed) {
    StringBuilder out = new StringBuilder();
    appendRun(out, run);
    appendAssumed(out, assumed);
    return out.toString();
  }

  private static void appendRun(StringBuilder out, RunResult run) {
    out.append(title(run)).append('\n');
    appendExits(out, run);
    appendCycles(out, run);
    appendTlb(out, run);
    appendHotSpots(out, run);
  }

  /** One table for each guest page size and CPU, with a column for each mode run. */
  public static String comparison(ReplayResult result) {
    StringBuilder out = new StringBuilder();
    appendTrace(out, result.trace());
    result.runs().stream()
        .collect(
            groupingBy(
                run -> "Guest pages of " + run.guestPage() + " on " + run.cpu(),
                LinkedHashMap::new,
                toList()))
        .forEach(
            (name, runs) -> {
              out.append('\n').append(name).append('\n');
              ComparisonTable.append(out, runs);
            });
    appendAssumed(out, result.assumed());
    return out.toString();
  }

  private static void appendTrace(StringBuilder out, TraceSummary trace) {
    out.append(
        text(
            "%s (%s): %,d instructions, %,d loads, %,d stores, %,d distinct 4K pages\n",
            trace.source().equals(TraceFormats.STANDARD_INPUT) ? "standard input" : trace.source(),
            trace.format(),
            trace.instructions(),
            trace.loads(),
            trace.stores(),
            trace.distinctPages()));
    if (trace.skipped() > 0) {
      out.append(grouped(trace.skipped())).append(" bad records skipped\n");
    }
    if (trace.limitReached()) {
      out.append("stopped by --limit before the end of the trace\n");
    }
  }

  private static String title(RunResult run) {
    String policy = run.policy() == null ? "" : ", policy " + run.policy();
    String host = run.paging() == Paging.NATIVE ? "" : ", host pages of " + run.hostPage();
    boolean any = run.guestPage().equals(RunResult.ANY_PAGE);
    String guest = any ? "" : ", guest pages of " + run.guestPage();
    return "%s paging%s%s%s, on %s:"
        .formatted(run.paging().label(), policy, guest, host, run.cpu());
  }

  private static void appendExits(StringBuilder out, RunResult run) {
    if (run.exits().isEmpty()) {
      out.append("No VM exits.\n\n");
      return;
    }
    out.append(
        text(
            "%20s %10s %9s %9s %12s %12s %16s\n\n",
            "VM-EXIT", "Samples", "Samples%", "Time%", "Min Time", "Max Time", "Avg time"));
    List<ExitRow> byCount =
        run.exits().stream().sorted(Comparator.comparingLong(ExitRow::count).reversed()).toList();
    for (ExitRow row : byCount) {
      out.append(
          text(
              "%20s %10d %8.2f%% %8.2f%% %10dcy %10dcy %10.2fcy ( +-%7.2f%% )\n",
              row.reason(),
              row.count(),
              percent(row.count(), run.totalExits()),
              percent(row.cycles(), run.exitCycles()),
              row.minCycles(),
              row.maxCycles(),
              row.mean(),
              100 * row.relativeDeviation()));
    }
    out.append(
        text(
            "\nTotal Samples:%d, Total events handled time:%dcy.\n",
            run.totalExits(), run.exitCycles()));
    if (run.guestPage().equals(RunResult.ANY_PAGE)) { // a live guest has its own kernel
      out.append('\n');
      return;
    }
    out.append(
        text(
            "%.2f%% of the exits come from the guest kernel model, the rest from the trace.\n\n",
            percent(run.guestModelExits(), run.totalExits())));
  }

  private static void appendCycles(StringBuilder out, RunResult run) {
    ReplayResult.Cycles cycles = run.cycles();
    TextTable table = new TextTable();
    cycleRow(table, "guest", cycles.guest(), cycles.total());
    cycleRow(table, "translation", cycles.translation(), cycles.total());
    cycleRow(table, "exit", cycles.exit(), cycles.total());
    cycleRow(table, "vmm", cycles.vmm(), cycles.total());
    cycleRow(table, "total cycles", cycles.total(), cycles.total());
    table.appendTo(out);
  }

  private static void cycleRow(TextTable table, String label, long cycles, long total) {
    table.row(label, grouped(cycles), percentText(cycles, total));
  }

  private static void appendTlb(StringBuilder out, RunResult run) {
    out.append('\n');
    TextTable table = new TextTable();
    table.row("", "hits", "misses", "miss rate");
    for (TlbRow row : run.tlb()) {
      if (row.hits() + row.misses() == 0) {
        continue; // of use in another mode or with other pages
      }
      table.row(
          row.structure(),
          grouped(row.hits()),
          grouped(row.misses()),
          percentText(row.misses(), row.hits() + row.misses()));
    }
    table.appendTo(out);
    out.append(
        text(
            "%,d page walks read %,d entries, %.2f each, in %.2f cycles each\n",
            run.walks().count(),
            run.walks().entryReads(),
            run.walks().readsPerWalk(),
            run.walks().cyclesPerWalk()));
    appendCaches(out, run);
  }

  private static void appendCaches(StringBuilder out, RunResult run) {
    if (run.caches().isEmpty()) {
      return;
    }
    out.append('\n');
    TextTable table = new TextTable();
    table.row("", "walk hits", "misses", "miss rate", "data hits", "misses", "miss rate");
    for (CacheRow row : run.caches()) {
      table.row(
          row.level(),
          grouped(row.walkHits()),
          grouped(row.walkMisses()),
          percentText(row.walkMisses(), row.walkHits() + row.walkMisses()),
          grouped(row.dataHits()),
          grouped(row.dataMisses()),
          percentText(row.dataMisses(), row.dataHits() + row.dataMisses()));
    }
    table.appendTo(out);
  }

  private static void appendHotSpots(StringBuilder out, RunResult run) {
    if (run.hotSpots().isEmpty()) {
      return;
    }
    out.append("\nMost exits by\n");
    TextTable table = new TextTable();
    for (HotSpot spot : run.hotSpots()) {
      table.row(
          "  %s %s".formatted(spot.kind().label(), spot.where()),
          spot.reason(),
          grouped(spot.count()));
    }
    table.appendTo(out);
  }

  private static void appendAssumed(StringBuilder out, List<AssumedNumber> assumed) {
    if (assumed.isEmpty()) {
      return;
    }
    out.append("\nAssumed in the CPU profile, neither measured nor published:");
    int column = LINE_WIDTH;
    for (AssumedNumber number : assumed) {
      String text = "%s=%s %s;".formatted(number.key(), number.value(), number.unit());
      boolean wraps = column + 1 + text.length() > LINE_WIDTH;
      out.append(wraps ? "\n  " : " ").append(text);
      column = (wraps ? 2 : column + 1) + text.length();
    }
    out.setCharAt(out.length() - 1, '\n');
  }

  private static String percentText(long part, long whole) {
    return text("%.2f%%", percent(part, whole));
  }

  private static double percent(long part, long whole) {
    return whole == 0 ? 0 : 100.0 * part / whole;
  }

  private static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
