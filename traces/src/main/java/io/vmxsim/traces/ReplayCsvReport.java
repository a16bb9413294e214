package io.vmxsim.traces;

import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A {@link ReplayResult} for spreadsheets: a header line, then one line per run (RFC 4180 quoting,
 * {@code \n} line ends). Columns that depend on the runs, such as {@code exits.EPT_VIOLATION} and
 * {@code tlb.STLB.misses}, stand at the end in alphabetical order; a run without one has 0 there.
 */
public final class ReplayCsvReport {
  private record Column(String name, Function<RunResult, Object> cell) {}

  private ReplayCsvReport() {}

  /** The header line and one line per run. */
  public static String of(List<RunResult> runs) {
    List<Column> columns = new ArrayList<>(fixedColumns());
    Set<String> reasons = new TreeSet<>();
    Set<String> structures = new TreeSet<>();
    for (RunResult run : runs) {
      run.exits().forEach(row -> reasons.add(row.reason()));
      run.tlb().forEach(row -> structures.add(row.structure()));
    }
    for (String reason : reasons) {
      columns.add(new Column("exits." + reason, run -> run.exitsFor(reason)));
    }
    for (String structure : structures) {
      columns.add(new Column("tlb." + structure + ".hits", run -> tlb(run, structure).hits()));
      columns.add(new Column("tlb." + structure + ".misses", run -> tlb(run, structure).misses()));
    }
    StringBuilder out = new StringBuilder();
    appendLine(out, columns, Column::name);
    for (RunResult run : runs) {
      appendLine(out, columns, column -> column.cell().apply(run));
    }
    return out.toString();
  }

  private static List<Column> fixedColumns() {
    return List.of(
        new Column("paging", run -> run.paging().label()),
        new Column("policy", run -> run.policy() == null ? "" : run.policy()),
        new Column("guestPage", RunResult::guestPage),
        new Column("hostPage", RunResult::hostPage),
        new Column("cpu", RunResult::cpu),
        new Column("instructions", RunResult::instructions),
        new Column("exits", RunResult::totalExits),
        new Column("exitsFromGuestModel", RunResult::guestModelExits),
        new Column("walks", run -> run.walks().count()),
        new Column("entryReads", run -> run.walks().entryReads()),
        new Column("cycles", run -> run.cycles().total()),
        new Column("guestCycles", run -> run.cycles().guest()),
        new Column("translationCycles", run -> run.cycles().translation()),
        new Column("exitCycles", run -> run.cycles().exit()),
        new Column("vmmCycles", run -> run.cycles().vmm()));
  }

  private static TlbRow tlb(RunResult run, String structure) {
    return run.tlb().stream()
        .filter(row -> row.structure().equals(structure))
        .findFirst()
        .orElse(new TlbRow(structure, 0, 0));
  }

  private static void appendLine(
      StringBuilder out, List<Column> columns, Function<Column, Object> cell) {
    for (int i = 0; i < columns.size(); i++) {
      out.append(i == 0 ? "" : ",").append(quoted(cell.apply(columns.get(i)).toString()));
    }
    out.append('\n');
  }

  private static String quoted(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
