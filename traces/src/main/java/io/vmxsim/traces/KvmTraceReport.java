package io.vmxsim.traces;

import static io.vmxsim.traces.TextTable.grouped;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vmxsim.traces.ExitTimeline.Timeline;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A {@link KvmTrace} for people and for programs. */
public final class KvmTraceReport {
  /** As many reasons get a column of their own over time. */
  private static final int COLUMNS = 6;

  private static final double MICROSECOND = 1000;

  private KvmTraceReport() {}

  /** Exits by reason, by place and over time, and beside each run reconciled with. */
  public static String text(KvmTrace trace, List<ExitComparison> runs) {
    StringBuilder out = new StringBuilder();
    out.append(
        text(
            "%s: %,d events of %d virtual CPUs in %.6f s\n",
            trace.source().equals(TraceFormats.STANDARD_INPUT) ? "standard input" : trace.source(),
            trace.events().values().stream().mapToLong(Long::longValue).sum(),
            trace.threads(),
            trace.nanoseconds() / 1e9));
    if (trace.skipped() > 0) {
      out.append(grouped(trace.skipped())).append(" bad lines skipped\n");
    }
    if (trace.lost() > 0) {
      out.append("the kernel's buffer overflowed: events are missing\n");
    }
    appendExits(out, trace);
    appendTimeline(out, trace.timeline());
    appendPlaces(out, trace.places());
    out.append("\nEvents\n");
    TextTable events = new TextTable();
    trace.events().forEach((name, count) -> events.row("  " + name, grouped(count)));
    events.appendTo(out);
    runs.forEach(run -> appendRun(out, run));
    return out.toString();
  }

  /**
   * The trace's exits beside those of every run in a file that {@code --output json} printed.
   *
   * @throws io.vmxsim.vmcs.InputException if the file is no such output
   */
  public static List<ExitComparison> against(KvmTrace trace, String runFile) {
    Map<String, Long> exits = new LinkedHashMap<>();
    byCount(trace).forEach(row -> exits.put(row.reason(), row.count()));
    return StoredRun.read(runFile).stream()
        .map(run -> ExitComparison.of("KVM", exits, run.mode(), run.exits()))
        .toList();
  }

  /** The rows with the most exits first. */
  static List<ExitRow> byCount(KvmTrace trace) {
    return trace.exits().stream()
        .sorted(Comparator.comparingLong(ExitRow::count).reversed())
        .toList();
  }

  private static void appendExits(StringBuilder out, KvmTrace trace) {
    if (trace.exits().isEmpty()) {
      out.append("No VM exits.\n");
      return;
    }
    long time = trace.exits().stream().mapToLong(ExitRow::cycles).sum();
    out.append('\n');
    TextTable table = new TextTable();
    table.row("VM-EXIT", "Samples", "Samples%", "Time%", "Min us", "Max us", "Avg us");
    for (ExitRow row : byCount(trace)) {
      table.row(
          row.reason(),
          grouped(row.count()),
          percent(row.count(), trace.totalExits()),
          percent(row.cycles(), time),
          text("%.2f", row.minCycles() / MICROSECOND),
          text("%.2f", row.maxCycles() / MICROSECOND),
          text("%.2f", row.mean() / MICROSECOND));
    }
    table.row("total", grouped(trace.totalExits()));
    table.appendTo(out);
  }

  private static void appendTimeline(StringBuilder out, Timeline timeline) {
    if (timeline.slices() < 2) {
      return;
    }
    List<Timeline.Row> rows = new ArrayList<>(timeline.rows());
    rows.sort(Comparator.comparingLong(KvmTraceReport::sum).reversed());
    List<Timeline.Row> shown = rows.subList(0, Math.min(COLUMNS, rows.size()));
    out.append("\nExits over time\n");
    TextTable table = new TextTable();
    List<String> head = new ArrayList<>(List.of("all"));
    shown.forEach(row -> head.add(row.reason()));
    table.row("  from us", head);
    for (int slice = 0; slice < timeline.slices(); slice++) {
      List<String> cells = new ArrayList<>();
      int at = slice;
      cells.add(grouped(rows.stream().mapToLong(row -> row.counts().get(at)).sum()));
      shown.forEach(row -> cells.add(grouped(row.counts().get(at))));
      table.row(text("  %.0f", slice * timeline.sliceLength() / MICROSECOND), cells);
    }
    table.appendTo(out);
  }

  private static long sum(Timeline.Row row) {
    return row.counts().stream().mapToLong(Long::longValue).sum();
  }

  private static void appendPlaces(StringBuilder out, List<HotSpot> places) {
    if (places.isEmpty()) {
      return;
    }
    out.append("\nMost exits by\n");
    TextTable table = new TextTable();
    for (HotSpot spot : places) {
      table.row(
          "  %s %s".formatted(spot.kind().label(), spot.where()),
          spot.reason(),
          grouped(spot.count()));
    }
    table.appendTo(out);
  }

  private static void appendRun(StringBuilder out, ExitComparison run) {
    out.append("\nBeside ").append(run.second()).append('\n');
    run.appendTo(out);
  }

  /** One JSON object; times are nanoseconds. */
  public static String json(KvmTrace trace, List<ExitComparison> runs) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("trace", trace.source());
    json.put("threads", trace.threads());
    json.put("nanoseconds", trace.nanoseconds());
    json.put("skipped", trace.skipped());
    json.put("lost", trace.lost());
    ObjectNode events = json.putObject("events");
    trace.events().forEach(events::put);
    ObjectNode exits = json.putObject("exits");
    exits.put("total", trace.totalExits());
    ObjectNode byReason = exits.putObject("byReason");
    trace.exits().forEach(row -> byReason.put(row.reason(), row.count()));
    ObjectNode time = exits.putObject("nanosecondsByReason");
    trace.exits().forEach(row -> time.put(row.reason(), row.cycles()));
    ArrayNode top = json.putArray("top");
    for (HotSpot spot : trace.places()) {
      top.addObject()
          .put("kind", spot.kind().label())
          .put("value", spot.where())
          .put("reason", spot.reason())
          .put("count", spot.count());
    }
    ObjectNode timeline = json.putObject("timeline");
    timeline.put("sliceNanoseconds", trace.timeline().sliceLength());
    ObjectNode slices = timeline.putObject("byReason");
    for (Timeline.Row row : trace.timeline().rows()) {
      ArrayNode counts = slices.putArray(row.reason());
      row.counts().forEach(counts::add);
    }
    ArrayNode against = json.putArray("against");
    for (ExitComparison run : runs) {
      ObjectNode one = against.addObject().put("run", run.second());
      ArrayNode rows = one.putArray("rows");
      for (ExitComparison.Row row : run.rows()) {
        rows.addObject()
            .put("reason", row.reason())
            .put("kvm", row.first())
            .put("ours", row.second())
            .put("difference", row.difference());
      }
    }
    return json.toPrettyString().replace("\r\n", "\n") + "\n";
  }

  private static String percent(long part, long whole) {
    return text("%.2f%%", whole == 0 ? 0 : 100.0 * part / whole);
  }

  private static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
