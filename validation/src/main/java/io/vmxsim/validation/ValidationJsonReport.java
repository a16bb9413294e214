package io.vmxsim.validation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vmxsim.validation.Comparison.Verdict;
import io.vmxsim.validation.Validation.TableResult;
import java.util.Locale;

/** A {@link Validation} for programs, as {@code docs/validation.schema.json} describes it. */
public final class ValidationJsonReport {
  private ValidationJsonReport() {}

  /** The whole as one indented JSON document ending in a line feed. */
  public static String of(Validation validation) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    ArrayNode tables = json.putArray("tables");
    for (TableResult result : validation.tables()) {
      ObjectNode table = tables.addObject();
      table.put("table", result.table().name());
      table.put("title", result.table().title());
      ArrayNode rows = table.putArray("rows");
      result.rows().forEach(row -> write(row, rows.addObject()));
    }
    return json.toPrettyString().replace("\r\n", "\n") + "\n";
  }

  private static void write(Comparison comparison, ObjectNode json) {
    PublishedRow row = comparison.row();
    json.put("row", row.name());
    json.put("label", row.label().label());
    json.put("relation", row.published().relation().name().toLowerCase(Locale.ROOT));
    json.put("published", row.published().value());
    if (row.published().band() > 0) {
      json.put("band", row.published().band());
    }
    json.put("unit", row.unit());
    json.put("source", row.source());
    json.put("grade", row.grade().letter());
    if (comparison.verdict() != Verdict.NOT_RUN) {
      json.put("ours", comparison.ours());
    }
    json.put("verdict", comparison.verdict().label());
    if (!comparison.explanation().isEmpty()) {
      json.put("explanation", comparison.explanation());
    }
  }
}
