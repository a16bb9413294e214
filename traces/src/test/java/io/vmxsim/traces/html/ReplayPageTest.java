package io.vmxsim.traces.html;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.WalkGrid;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.MixedTrace;
import io.vmxsim.traces.PerfettoTrace;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.RunDetails;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a report's pictures are made of agrees with the counts, and the page stands by itself. */
class ReplayPageTest {
  private static final int PAGES = 2048;
  private static final Pattern EXTERNAL =
      Pattern.compile("https?://|\\ssrc\\s*=|<script|<link|<iframe|@import|url\\(");

  private static ReplayResult result;
  private static String page;

  @BeforeAll
  static void replay() {
    result = replay(0);
    page = ReplayPage.of(result);
  }

  private static ReplayResult replay(long warmup) {
    List<ReplayConfiguration> modes = new ArrayList<>();
    for (Paging paging : Paging.values()) {
      modes.add(ReplayConfiguration.of(paging, CpuProfile.named("skylake-sp")));
    }
    ReplayOptions options =
        new ReplayOptions(modes, warmup, Long.MAX_VALUE, 0, 0, 1, 0, GuestOsOptions.DEFAULT)
            .withDetails(true);
    return new Replay(options, List.of(() -> new MixedTrace(PAGES, 4000, 100, 1))).run();
  }

  @Test
  void thePageAsksForNothing() {
    assertFalse(EXTERNAL.matcher(page).find());
    assertTrue(page.contains("default-src 'none'"));
  }

  /** Guards the test above. */
  @Test
  void whatAsksForSomethingWouldBeFound() {
    for (String bad :
        List.of("<img src=x>", "<a href=http://x>", "url(x)", "<link rel=x>", "<script>")) {
      assertTrue(EXTERNAL.matcher(new HtmlPage("x").raw(bad).toString()).find(), bad);
    }
  }

  @Test
  void namesFromOutsideAreText() {
    String hostile = new HtmlPage("<b onload=\"x\">&").toString();
    assertFalse(hostile.contains("<b "));
    assertTrue(hostile.contains("&lt;b onload=&quot;x&quot;&gt;&amp;"));
  }

  @Test
  void everyRunAndEveryExitReasonIsOnThePage() {
    for (RunResult run : result.runs()) {
      assertTrue(page.contains(">" + run.mode() + "<"), run.mode());
      run.exits().forEach(row -> assertTrue(page.contains("<td>" + row.reason() + "</td>")));
    }
    assertEquals(3, count("entries read by walks"));
    assertEquals(2, count("VM exits over time")); // natively there are none
  }

  private static int count(String text) {
    return page.split(Pattern.quote(text), -1).length - 1;
  }

  @Test
  void theTimelineHoldsEveryExitAndTheGridEveryEntryRead() {
    for (ReplayResult measured : List.of(result, replay(PAGES))) {
      for (RunResult run : measured.runs()) {
        RunDetails details = details(run);
        long exits =
            details.timeline().rows().stream()
                .flatMap(row -> row.counts().stream())
                .mapToLong(Long::longValue)
                .sum();
        assertEquals(run.totalExits(), exits);
        assertEquals(run.totalExits(), details.exits());
        assertEquals(run.walks().count(), details.walkGrid().walks());
        assertEquals(run.walks().entryReads(), entryReads(details.walkGrid()));
      }
    }
  }

  /** Once all is warm, walk caches hold the upper entries, and INVLPG alone drops them. */
  @Test
  void underEptTheGridIsHottestWhereTheCachesEnd() {
    WalkGrid grid = details(replay(PAGES).runs().get(2)).walkGrid();
    assertTrue(grid.reads(1, WalkGrid.LAST) > 10 * grid.reads(4, WalkGrid.LAST));
    assertTrue(grid.reads(WalkGrid.LAST, 1) > 10 * grid.reads(WalkGrid.LAST, 4));
    assertEquals(0, grid.reads(5, WalkGrid.LAST));
  }

  private static long entryReads(WalkGrid grid) {
    long sum = 0;
    for (int guestLevel = 0; guestLevel <= 5; guestLevel++) {
      for (int eptLevel = 0; eptLevel <= 5; eptLevel++) {
        sum += grid.reads(guestLevel, eptLevel);
      }
    }
    return sum;
  }

  @Test
  void perfettoGetsASliceForEachExitInItsOrder() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PerfettoTrace.write(result.runs(), out);

    JsonNode events = new ObjectMapper().readTree(out.toByteArray()).get("traceEvents");
    int exits = 0;
    double last = 0;
    int process = 0;
    for (JsonNode event : events) {
      if (event.get("ph").asText().equals("X")) {
        last = event.get("pid").asInt() == process ? last : 0;
        process = event.get("pid").asInt();
        assertTrue(event.get("ts").asDouble() >= last, event.toString());
        assertTrue(event.get("dur").asDouble() > 0, event.toString());
        last = event.get("ts").asDouble() + event.get("dur").asDouble() - 1e-6;
        exits++;
      }
    }
    assertEquals(result.runs().stream().mapToLong(RunResult::totalExits).sum(), exits);
  }

  private static RunDetails details(RunResult run) {
    RunDetails details = run.details();
    assertNotNull(details);
    return details;
  }
}
