package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.Cycles;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import io.vmxsim.traces.ReplayResult.HotSpotKind;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import io.vmxsim.traces.ReplayResult.Walks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplayReportTest {
  private static final RunResult NATIVE =
      new RunResult(
          Paging.NATIVE,
          null,
          "4K",
          "4K",
          "some-cpu",
          1000,
          List.of(),
          List.of(new TlbRow("STLB", 90, 10), new TlbRow("nested-TLB", 0, 0)),
          new Walks(10, 40, 480),
          new Cycles(1000, 400, 0, 0),
          List.of());

  private static final RunResult SHADOW =
      new RunResult(
          Paging.SHADOW,
          "drop",
          "4K",
          "2M",
          "some-cpu",
          1000,
          List.of(
              new ExitRow("EXCEPTION_NMI", 3, 1, 300, 80, 120, 80 * 80 + 100 * 100 + 120 * 120),
              new ExitRow("INVLPG", 1, 1, 100, 100, 100, 100 * 100)),
          List.of(new TlbRow("STLB", 90, 10)),
          new Walks(10, 40, 480),
          new Cycles(1000, 400, 500, 900),
          List.of(new HotSpot(HotSpotKind.PAGE, 0x7f001000L, "EXCEPTION_NMI", 2)));

  private static final RunResult EPT =
      new RunResult(
          Paging.EPT,
          null,
          "4K",
          "2M",
          "some-cpu",
          1000,
          List.of(new ExitRow("EPT_VIOLATION", 2, 0, 250, 100, 150, 100 * 100 + 150 * 150)),
          List.of(new TlbRow("STLB", 90, 10)),
          new Walks(10, 190, 950),
          new Cycles(1000, 1900, 100, 150),
          List.of());

  private static final ReplayResult RESULT =
      new ReplayResult(
          new TraceSummary("ls.txt", "lackey", 1000, 300, 200, 42, 0, false),
          List.of(NATIVE, SHADOW, EPT),
          List.of(new AssumedNumber("some-cpu", "vm-exit", "1000", "cycles", "scaled")));

  @Test
  void exitTableHasTheColumnsOfPerfKvmStat() {
    String text = ReplayTextReport.exits(RESULT);

    assertTrue(
        text.contains("VM-EXIT    Samples  Samples%     Time%     Min Time     Max Time"), text);
    // 3 of 4 exits, 300 of 400 cycles; deviation: s = 20, s/sqrt(3) = 11.547, of a mean of 100.
    assertTrue(
        text.contains(
            "       EXCEPTION_NMI          3    75.00%    75.00%         80cy        120cy"
                + "     100.00cy ( +-  11.55% )"),
        text);
    assertTrue(text.contains("Total Samples:4, Total events handled time:400cy."), text);
    assertTrue(text.contains("50.00% of the exits come from the guest kernel model"), text);
  }

  @Test
  void exitTablePutsTheCommonestReasonFirst() {
    String text = ReplayTextReport.exits(RESULT);

    assertTrue(text.indexOf("EXCEPTION_NMI") < text.indexOf("INVLPG"));
  }

  @Test
  void nativeRunSaysThatItHasNoExits() {
    assertTrue(ReplayTextReport.exits(RESULT).contains("No VM exits."));
  }

  @Test
  void translationCachesNobodyAskedAreLeftOut() {
    String text = ReplayTextReport.exits(RESULT);

    assertTrue(text.contains("STLB "), text);
    assertFalse(text.contains("nested-TLB"), text);
  }

  @Test
  void hotSpotsNamePlaceReasonAndCount() {
    assertTrue(ReplayTextReport.exits(RESULT).contains("page 0x7f001000  EXCEPTION_NMI  2"));
  }

  @Test
  void comparisonPutsModesSideBySide() {
    assertEquals(
        """
        ls.txt (lackey): 1,000 instructions, 300 loads, 200 stores, 42 distinct 4K pages

        Guest pages of 4K on some-cpu
                                     native  shadow/drop    ept
        host pages                        -           2M     2M
        VM exits                          0            4      2
          EXCEPTION_NMI                   0            3      0
          INVLPG                          0            1      0
          EPT_VIOLATION                   0            0      2
          by the guest kernel model       0            2      0
        page walks                       10           10     10
        entries read                     40           40    190
        entries read per walk          4.00         4.00  19.00
        cycles per walk               48.00        48.00  95.00
        cycles                        1,400        2,800  3,150
          guest                       1,000        1,000  1,000
          translation                   400          400  1,900
          exit                            0          500    100
          vmm                             0          900    150
        cycles relative to native      1.00         2.00   2.25
        Fewest cycles among the virtualized: shadow/drop with host pages of 2M.

        Assumed in the CPU profile, neither measured nor published:
          vm-exit=1000 cycles
        """,
        ReplayTextReport.comparison(RESULT));
  }

  @Test
  void textIsTheSameInEveryLocale() {
    Locale before = Locale.getDefault();
    String expected = ReplayTextReport.exits(RESULT) + ReplayTextReport.comparison(RESULT);
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
      assertEquals(expected, ReplayTextReport.exits(RESULT) + ReplayTextReport.comparison(RESULT));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void limitAndSkippedRecordsAreTold() {
    TraceSummary cut = new TraceSummary("ls.txt", "lackey", 10, 3, 2, 4, 7, true);
    ReplayResult result = new ReplayResult(cut, List.of(), List.of());

    String text = ReplayTextReport.comparison(result);

    assertTrue(text.contains("7 bad records skipped"), text);
    assertTrue(text.contains("stopped by --limit"), text);
    assertEquals(Set.of(), violations(ReplayJsonReport.of(result)));
  }

  @Test
  void jsonObeysTheCommittedSchema() {
    assertEquals(Set.of(), violations(ReplayJsonReport.of(RESULT)));
  }

  @Test
  void dataCachesAreToldWhereTheyWereModelled() throws IOException {
    RunResult run = RESULT.runs().get(0);
    RunResult cached =
        new RunResult(
            run.paging(),
            run.policy(),
            run.guestPage(),
            run.hostPage(),
            run.cpu(),
            run.instructions(),
            run.exits(),
            run.tlb(),
            run.walks(),
            List.of(new CacheRow("L1D", 30, 10, 450, 50)),
            run.cycles(),
            run.hotSpots(),
            null);
    ReplayResult result = new ReplayResult(RESULT.trace(), List.of(cached), List.of());

    String json = ReplayJsonReport.of(result);
    assertEquals(Set.of(), violations(json));
    assertEquals(450, new ObjectMapper().readTree(json).at("/runs/0/caches/L1D/dataHits").asInt());
    assertTrue(ReplayTextReport.exits(result).contains("L1D         30      10     25.00%"));
    assertFalse(ReplayJsonReport.of(RESULT).contains("caches"));
  }

  @Test
  void schemaRefusesARunWithoutCycles() {
    String broken = ReplayJsonReport.of(RESULT).replace("\"cycles\" : {", "\"time\" : {");

    assertFalse(violations(broken).isEmpty());
  }

  @Test
  void jsonHoldsTheNumbersUnderTheirKeys() throws IOException {
    JsonNode json = new ObjectMapper().readTree(ReplayJsonReport.of(RESULT));

    assertEquals(42, json.at("/trace/distinctPages").asInt());
    assertTrue(json.at("/runs/0/policy").isNull());
    assertEquals("drop", json.at("/runs/1/policy").asText());
    assertEquals(4, json.at("/runs/1/exits/total").asInt());
    assertEquals(2, json.at("/runs/2/exits/byReason/EPT_VIOLATION").asInt());
    assertEquals(10, json.at("/runs/0/tlb/STLB/misses").asInt());
    assertEquals(190, json.at("/runs/2/walks/entryReads").asInt());
    assertEquals(3150, json.at("/runs/2/cycles/total").asInt());
    assertEquals("0x7f001000", json.at("/runs/1/top/0/value").asText());
    assertEquals("vm-exit", json.at("/assumed/0/key").asText());
  }

  @Test
  void csvHasOneLinePerRunAndAColumnPerReason() {
    List<String> lines = ReplayCsvReport.of(RESULT.runs()).lines().toList();

    assertEquals(
        "paging,policy,guestPage,hostPage,cpu,instructions,exits,exitsFromGuestModel,walks,"
            + "entryReads,cycles,guestCycles,translationCycles,exitCycles,vmmCycles,"
            + "exits.EPT_VIOLATION,exits.EXCEPTION_NMI,exits.INVLPG,tlb.STLB.hits,tlb.STLB.misses,"
            + "tlb.nested-TLB.hits,tlb.nested-TLB.misses",
        lines.get(0));
    assertEquals(
        "shadow,drop,4K,2M,some-cpu,1000,4,2,10,40,2800,1000,400,500,900,0,3,1,90,10,0,0",
        lines.get(2));
    assertEquals(4, lines.size());
  }

  @Test
  void csvQuotesWhatWouldBreakALine() {
    RunResult odd =
        new RunResult(
            Paging.NATIVE,
            null,
            "4K",
            "4K",
            "my \"fast\", cpu",
            0,
            List.of(),
            List.of(),
            new Walks(0, 0, 0),
            new Cycles(0, 0, 0, 0),
            List.of());

    String csv = ReplayCsvReport.of(List.of(odd));

    assertTrue(csv.contains(",\"my \"\"fast\"\", cpu\","), csv);
  }

  private static Set<ValidationMessage> violations(String json) {
    try {
      JsonSchema schema =
          JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
              .getSchema(Files.readString(Path.of("..", "docs", "replay.schema.json")));
      return schema.validate(new ObjectMapper().readTree(json));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
