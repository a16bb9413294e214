package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.vmxsim.validation.Comparison.Verdict;
import io.vmxsim.validation.Validation.TableResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The published tables on the real walker, MMU, VMM and replay, and what is told of them. */
class PublishedTableTest {
  private static final Path DOCUMENTS = Path.of("..", "docs");

  private static Validation all;

  @BeforeAll
  static void run() {
    all = Validation.ofAll();
  }

  static Stream<Comparison> boundRows() {
    return all.tables().stream()
        .flatMap(table -> table.rows().stream())
        .filter(row -> row.row().label().isBinding() && row.row().ours() != null);
  }

  @ParameterizedTest
  @MethodSource("boundRows")
  void everyExactRowIsEqualAndEveryShapeHolds(Comparison row) {
    assertEquals(Verdict.OK, row.verdict(), row::shown);
  }

  /** Every cell is run that can be. */
  @Test
  void noTableGoesQuiet() {
    assertEquals(25, ran(PublishedTable.A1));
    assertEquals(4, ran(PublishedTable.A2));
    assertEquals(14, ran(PublishedTable.A3));
    assertEquals(3, ran(PublishedTable.A4));
    assertEquals(18, ran(PublishedTable.B1));
    assertEquals(8, ran(PublishedTable.B3));
    assertEquals(9, ran(PublishedTable.C1));
    assertEquals(3, ran(PublishedTable.C2));
    assertEquals(4, ran(PublishedTable.C3));
  }

  private static long ran(PublishedTable table) {
    return all.tables().stream()
        .filter(result -> result.table() == table)
        .flatMap(result -> result.rows().stream())
        .filter(row -> row.verdict() != Verdict.NOT_RUN)
        .count();
  }

  @ParameterizedTest
  @EnumSource(Label.class)
  void aRowThatDisagreesIsToldByItsLabel(Label label) {
    Comparison off = row(label, Expectation.near(100, 0.25), 126).compare();
    assertEquals(label.isBinding() ? Verdict.BROKEN : Verdict.MISS, off.verdict());
    assertEquals("+26.0%", off.difference());
    assertEquals(label.isBinding() ? "" : "the likely cause", off.explanation());

    Validation validation =
        new Validation(List.of(new TableResult(PublishedTable.B1, List.of(off))));
    assertEquals(label.isBinding(), validation.fails(false));
    assertTrue(validation.fails(true));
    assertTrue(ValidationReport.text(validation).contains(off.verdict().label()));
  }

  @Test
  void aRowThatAgreesDoesNotFailAndOneWithoutARunNeither() {
    Comparison near = row(Label.PREDICTED, Expectation.near(100, 0.25), 75).compare();
    Comparison absent =
        PublishedRow.notRun(
                "x", Label.EXACT, Expectation.equal(1), "u", "s", Grade.PRIMARY, "no such guest")
            .compare();
    assertEquals(Verdict.OK, near.verdict());
    assertEquals(Verdict.NOT_RUN, absent.verdict());
    assertEquals("no such guest", absent.explanation());
    assertFalse(
        new Validation(List.of(new TableResult(PublishedTable.B1, List.of(near, absent))))
            .fails(true));
  }

  @Test
  void expectationsAreSharp() {
    assertFalse(Expectation.equal(24).admits(25));
    assertFalse(Expectation.above(1).admits(1));
    assertFalse(Expectation.below(1).admits(1));
    assertTrue(Expectation.near(-4, 0.5).admits(-6));
    assertFalse(Expectation.near(-4, 0.5).admits(-1));
  }

  @Test
  void theDocumentIsWhatTheRunWrites() throws IOException {
    String document = Files.readString(DOCUMENTS.resolve("validation.md"));
    assertEquals(ValidationReport.markdown(all), document, "./vmxsim validate --markdown");
  }

  @Test
  void thePageHoldsEveryRowAndAsksForNothing() {
    String page = ValidationPage.of(all);
    for (TableResult table : all.tables()) {
      table.rows().forEach(row -> assertTrue(page.contains(row.row().name())));
    }
    assertTrue(page.contains("<polyline"));
    assertFalse(Pattern.compile("https?://|\\ssrc\\s*=|<script|url\\(").matcher(page).find());
  }

  @Test
  void jsonKeepsToItsSchema() throws IOException {
    String schema = Files.readString(DOCUMENTS.resolve("validation.schema.json"));
    assertEquals(
        Set.of(),
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(schema)
            .validate(new ObjectMapper().readTree(ValidationJsonReport.of(all))));
  }

  private static PublishedRow row(Label label, Expectation published, double ours) {
    return new PublishedRow(
        "row",
        label,
        published,
        "cycles",
        "nowhere",
        Grade.PRIMARY,
        () -> ours,
        "the likely cause");
  }
}
