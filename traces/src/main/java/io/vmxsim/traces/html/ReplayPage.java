package io.vmxsim.traces.html;

import static io.vmxsim.traces.TextTable.grouped;

import io.vmxsim.traces.LiveRun;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import io.vmxsim.traces.RunDetails;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A {@link ReplayResult} as a page: the runs side by side as bars, and each with its exits, when
 * they happened, where the cycles went, what walks read, and what the TLBs did. Runs without {@link
 * RunDetails} have no timeline and no walk.
 */
public final class ReplayPage {
  private ReplayPage() {}

  /** The page. */
  public static String of(ReplayResult result) {
    TraceSummary trace = result.trace();
    String summary =
        "%s trace: %s instructions, %s loads, %s stores, %s distinct 4K pages%s"
            .formatted(
                trace.format(),
                grouped(trace.instructions()),
                grouped(trace.loads()),
                grouped(trace.stores()),
                grouped(trace.distinctPages()),
                trace.limitReached() ? "; stopped by --limit before its end." : ".");
    return of(trace.source(), summary, result.runs(), result.assumed());
  }

  /** The page of a live run, which is to be at its end. */
  public static String of(LiveRun run) {
    return of(run.source(), run.summary(), List.of(run.result()), run.assumed());
  }

  private static String of(
      String source, String summary, List<RunResult> runs, List<AssumedNumber> assumed) {
    Set<String> reasons = new LinkedHashSet<>();
    runs.forEach(run -> run.exits().forEach(row -> reasons.add(row.reason())));
    Palette palette = new Palette(List.copyOf(reasons));
    HtmlPage page = new HtmlPage("vmxsim: " + source);
    page.paragraph(summary);
    page.note(
        "Exits, walks, entries and TLB hits are counted. Cycles are priced: counts times the prices"
            + " of the CPU profile, in order and without overlap, so an upper bound.");
    if (runs.size() > 1) {
      compare(page, runs);
    }
    for (RunResult run : runs) {
      show(page, run, palette);
    }
    assumed(page, assumed);
    return page.toString();
  }

  private static void compare(HtmlPage page, List<RunResult> runs) {
    page.heading(2, "Side by side").raw("<section>");
    page.heading(3, "Cycles (priced)");
    page.raw(
        Charts.cycles(
            runs.stream().map(run -> new Charts.Bar(name(run, runs), run.cycles())).toList()));
    page.heading(3, "Counts");
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("", "VM exits", "page walks", "entries read", "per walk", "cycles", "to native"));
    RunResult base =
        runs.stream().filter(r -> r.paging() == Paging.NATIVE).findFirst().orElse(null);
    for (RunResult run : runs) {
      rows.add(
          List.of(
              name(run, runs),
              grouped(run.totalExits()),
              grouped(run.walks().count()),
              grouped(run.walks().entryReads()),
              Svg.text("%.2f", run.walks().readsPerWalk()),
              grouped(run.cycles().total()),
              base == null
                  ? "-"
                  : Svg.text("%.2f", (double) run.cycles().total() / base.cycles().total())));
    }
    page.table(rows).raw("</section>");
  }

  /** The mode, with the page sizes where they differ between runs. */
  private static String name(RunResult run, List<RunResult> runs) {
    long alike = runs.stream().filter(other -> other.mode().equals(run.mode())).count();
    return alike == 1 ? run.mode() : run.mode() + " " + run.guestPage() + "/" + run.hostPage();
  }

  private static void show(HtmlPage page, RunResult run, Palette palette) {
    String host = run.paging() == Paging.NATIVE ? "" : ", host pages of " + run.hostPage();
    page.heading(
        2, run.mode() + ", guest pages of " + run.guestPage() + host + ", on " + run.cpu());
    page.raw("<section>");
    if (run.exits().isEmpty()) {
      page.paragraph("No VM exits.");
    } else {
      exits(page, run, palette);
    }
    page.heading(3, "Cycles by cause (priced)");
    page.raw(Charts.cycles(List.of(new Charts.Bar(run.mode(), run.cycles()))));
    page.raw("<div class=\"columns\"><div>");
    walks(page, run);
    page.raw("</div><div>");
    tlbs(page, run);
    page.raw("</div></div></section>");
  }

  private static void exits(HtmlPage page, RunResult run, Palette palette) {
    page.heading(3, "VM exits (counted) and their time (priced)");
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "reason", "exits", "share", "guest model", "cycles", "share", "least", "most", "mean"));
    List<ExitRow> byCount =
        run.exits().stream().sorted(Comparator.comparingLong(ExitRow::count).reversed()).toList();
    for (ExitRow row : byCount) {
      rows.add(
          List.of(
              row.reason(),
              grouped(row.count()),
              Svg.text("%.1f%%", Charts.percent(row.count(), run.totalExits())),
              grouped(row.fromGuestModel()),
              grouped(row.cycles()),
              Svg.text("%.1f%%", Charts.percent(row.cycles(), run.exitCycles())),
              grouped(row.minCycles()),
              grouped(row.maxCycles()),
              Svg.text("%.0f", row.mean())));
    }
    page.table(rows);
    RunDetails details = run.details();
    if (details != null) {
      page.heading(3, "Exits over time");
      page.raw(Charts.timeline(details.timeline(), palette));
      page.raw(Charts.legend(palette));
    }
  }

  private static void walks(HtmlPage page, RunResult run) {
    page.heading(3, "Page walks");
    page.paragraph(
        "%s walks read %s entries, %s each, in %s cycles each (priced)."
            .formatted(
                grouped(run.walks().count()),
                grouped(run.walks().entryReads()),
                Svg.text("%.2f", run.walks().readsPerWalk()),
                Svg.text("%.2f", run.walks().cyclesPerWalk())));
    RunDetails details = run.details();
    if (details != null) {
      page.raw(Charts.walkGrid(details.walkGrid(), run.paging() == Paging.EPT));
      page.note(
          "How many of the walks read each entry, row by row from the left: green, a walk cache or"
              + " the nested TLB answered; red, memory was read.");
    }
  }

  private static void tlbs(HtmlPage page, RunResult run) {
    page.heading(3, "TLBs and walk caches");
    StringBuilder table = new StringBuilder("<div class=\"scroll\"><table>\n<tr>");
    for (String head : List.of("structure", "hits", "misses", "miss rate", "")) {
      table.append("<th>").append(head).append("</th>");
    }
    table.append("</tr>\n");
    for (TlbRow row : run.tlb()) {
      long all = row.hits() + row.misses();
      if (all > 0) {
        table.append(
            "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td style=\"width:110px\">%s</td></tr>\n"
                .formatted(
                    HtmlPage.escape(row.structure()),
                    grouped(row.hits()),
                    grouped(row.misses()),
                    Svg.text("%.2f%%", Charts.percent(row.misses(), all)),
                    Charts.hits(row.hits(), row.misses())));
      }
    }
    page.raw(table.append("</table></div>").toString());
    if (!run.caches().isEmpty()) {
      caches(page, run);
    }
  }

  private static void caches(HtmlPage page, RunResult run) {
    page.heading(3, "Data caches");
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("level", "walk hits", "misses", "data hits", "misses"));
    for (CacheRow row : run.caches()) {
      rows.add(
          List.of(
              row.level(),
              grouped(row.walkHits()),
              grouped(row.walkMisses()),
              grouped(row.dataHits()),
              grouped(row.dataMisses())));
    }
    page.table(rows);
  }

  private static void assumed(HtmlPage page, List<AssumedNumber> assumed) {
    if (assumed.isEmpty()) {
      return;
    }
    page.heading(2, "Assumed in the CPU profile, neither measured nor published");
    page.raw("<section>");
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("key", "value", "unit", "source"));
    for (AssumedNumber number : assumed) {
      rows.add(
          List.of(
              number.key(), number.value(), number.unit(), Objects.toString(number.source(), "")));
    }
    page.table(rows).raw("</section>");
  }
}
