package io.vmxsim.validation;

import io.vmxsim.traces.TextTable;
import io.vmxsim.validation.Validation.TableResult;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A {@link Validation} for people: as text, and as the page {@code docs/validation.md}. */
public final class ValidationReport {
  private ValidationReport() {}

  /** A table of rows for each published table. */
  public static String text(Validation validation) {
    StringBuilder out = new StringBuilder();
    for (TableResult result : validation.tables()) {
      out.append(heading(result)).append('\n');
      TextTable table = new TextTable();
      table.row("", "published", "ours", "difference", "label", "result");
      for (Comparison row : result.rows()) {
        table.row(
            "  " + row.row().name(),
            row.row().published().toString(),
            row.shown(),
            row.difference(),
            row.row().label().label(),
            row.verdict().label());
      }
      table.appendTo(out);
      for (String explanation : explanations(result)) {
        out.append("  ").append(explanation).append('\n');
      }
      if (result.table() == PublishedTable.C3) {
        out.append('\n').append(CrossoverChart.text(Crossover.sweep()));
      }
      out.append('\n');
    }
    return out.append(validation.summary()).append(".\n").toString();
  }

  /** The page with every row's unit, source and grade. */
  public static String markdown(Validation validation) {
    StringBuilder out = new StringBuilder(PREFACE);
    out.append(validation.summary()).append(".\n");
    for (TableResult result : validation.tables()) {
      out.append("\n## ").append(heading(result)).append("\n\n");
      out.append("| row | published | ours | unit | difference | label | result | source |\n");
      out.append("|---|--:|--:|---|--:|---|---|---|\n");
      for (Comparison row : result.rows()) {
        out.append(
            "| %s | %s | %s | %s | %s | %s | %s | %s (%s) |\n"
                .formatted(
                    row.row().name(),
                    row.row().published(),
                    row.shown(),
                    row.row().unit(),
                    row.difference(),
                    row.row().label().label(),
                    row.verdict().label(),
                    row.row().source(),
                    row.row().grade().letter()));
      }
      for (String explanation : explanations(result)) {
        out.append('\n').append(explanation).append(".\n");
      }
      if (result.table() == PublishedTable.C3) {
        out.append("\n```\n").append(CrossoverChart.text(Crossover.sweep())).append("```\n");
      }
    }
    return out.toString();
  }

  private static String heading(TableResult result) {
    return result.table().name() + ": " + result.table().title();
  }

  private static Set<String> explanations(TableResult result) {
    Set<String> explanations = new LinkedHashSet<>();
    for (Comparison row : result.rows()) {
      if (!row.explanation().isEmpty()) {
        explanations.add(
            row.verdict() == Comparison.Verdict.NOT_RUN
                ? "not run yet: " + row.explanation()
                : row.row().name() + ": " + row.explanation());
      }
    }
    return explanations;
  }

  private static final String PREFACE =
      String.join(
          "\n",
          List.of(
              "# Published numbers, and ours",
              "",
              "Written by `./vmxsim validate --markdown docs/validation.md`; a test holds it equal"
                  + " to what that writes.",
              "",
              "| label | what is claimed of a row |",
              "|---|---|",
              "| exact | ours equals the published number; a difference fails the validation |",
              "| shape | an ordering, a zero or a bound holds; else the validation fails |",
              "| predicted | other rows were fitted, this one was not; outside its band it is a"
                  + " MISS, with its likely cause |",
              "| consistency | too close to a fitted row to count as a prediction |",
              "| calibrated | a price was fitted to it: it agrees by construction and proves"
                  + " nothing |",
              "| quoted | what a technique took that is not modelled: printed as published |",
              "",
              "The letter behind a source says how the number is known: P, the primary text was"
                  + " read; S, notes quoting it; D, derived from a stated rule. Numbers that a CPU"
                  + " profile takes in are configuration and are no rows here.",
              "",
              ""));
}
