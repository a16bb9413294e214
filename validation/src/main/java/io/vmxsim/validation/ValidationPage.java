package io.vmxsim.validation;

import io.vmxsim.traces.html.HtmlPage;
import io.vmxsim.validation.Validation.TableResult;
import java.util.ArrayList;
import java.util.List;

/** A {@link Validation} as a page of HTML. */
public final class ValidationPage {
  private ValidationPage() {}

  /** A table of rows for each published table, and the picture of C3. */
  public static String of(Validation validation) {
    HtmlPage page = new HtmlPage("vmxsim: published numbers, and ours");
    page.paragraph(validation.summary() + ".");
    for (TableResult result : validation.tables()) {
      page.heading(2, result.table().name() + ": " + result.table().title()).raw("<section>");
      List<List<String>> rows = new ArrayList<>();
      rows.add(
          List.of("row", "published", "ours", "unit", "difference", "label", "result", "source"));
      for (Comparison row : result.rows()) {
        rows.add(
            List.of(
                row.row().name(),
                row.row().published().toString(),
                row.shown(),
                row.row().unit(),
                row.difference(),
                row.row().label().label(),
                row.verdict().label(),
                row.row().source() + " (" + row.row().grade().letter() + ")"));
      }
      page.table(rows);
      if (result.table() == PublishedTable.C3) {
        page.raw(CrossoverChart.picture(Crossover.sweep()));
      }
      page.raw("</section>");
    }
    return page.toString();
  }
}
