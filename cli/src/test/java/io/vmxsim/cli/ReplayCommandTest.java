package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.vmcs.SecondaryControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code replay} and {@code compare} from the command line to what they print. */
class ReplayCommandTest {
  /** Three instructions, one load, one store, one of both, on three pages. */
  private static final String LACKEY =
      """
      ==1== Lackey, an example Valgrind tool
      I  00401000,4
       L 00500000,8
      I  00401004,4
       S 00600000,8
      I  00401008,4
       M 00600008,8
      """;

  private Path folder;
  private String trace;

  @BeforeEach
  void writeTrace(@TempDir Path emptyFolder) throws IOException {
    folder = emptyFolder;
    trace = write("trace.txt", LACKEY);
  }

  @Test
  void replayCountsTheTraceAndRunsEptByDefault() throws IOException {
    JsonNode json = json("replay", trace, "--output", "json");

    assertEquals("lackey", json.at("/trace/format").asText());
    assertEquals(3, json.at("/trace/instructions").asInt());
    assertEquals(2, json.at("/trace/loads").asInt());
    assertEquals(2, json.at("/trace/stores").asInt());
    assertEquals(3, json.at("/trace/distinctPages").asInt());
    assertEquals(1, json.at("/runs").size());
    assertEquals("ept", json.at("/runs/0/paging").asText());
    assertTrue(json.at("/runs/0/exits/byReason/EPT_VIOLATION").asInt() > 0, json.toString());
  }

  @Test
  void compareRunsEveryModeWithEveryPolicy() throws IOException {
    JsonNode runs = json("compare", trace, "--output", "json").get("runs");

    assertEquals(5, runs.size());
    assertEquals("native", runs.at("/0/paging").asText());
    assertEquals(0, runs.at("/0/exits/total").asInt());
    assertEquals("drop", runs.at("/1/policy").asText());
    assertEquals("update", runs.at("/2/policy").asText());
    assertEquals("bypass", runs.at("/3/policy").asText());
    assertEquals("ept", runs.at("/4/paging").asText());
  }

  @Test
  void listsAreCombined() {
    Invocation run =
        Invocation.of(
            "replay",
            trace,
            "--paging",
            "native,ept",
            "--guest-page",
            "4k,2m",
            "--host-page",
            "4k,2m",
            "--output",
            "csv");

    assertEquals(0, run.exitCode(), run.err());
    assertEquals(1 + 2 * (1 + 2), run.out().lines().count(), run.out());
  }

  @Test
  void equalArgumentsGiveEqualBytes() {
    String[] arguments = {"compare", trace, "--output", "json"};

    assertEquals(Invocation.of(arguments).out(), Invocation.of(arguments).out());
  }

  @Test
  void aReachedLimitIsExitCode8WithTheResultSoFar() throws IOException {
    Invocation run = Invocation.of("replay", trace, "--limit", "2", "--output", "json");

    assertEquals(8, run.exitCode(), run.err());
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertEquals(2, json.at("/trace/instructions").asInt());
    assertTrue(json.at("/trace/limitReached").asBoolean());
  }

  @Test
  void topNamesTheWorstPlaces() throws IOException {
    JsonNode json = json("replay", trace, "--top", "2", "--output", "json");

    assertTrue(json.at("/runs/0/top").size() > 0, json.toString());
  }

  @Test
  void textNamesTheModesAndTheProfile() {
    String text = Invocation.of("compare", trace).out();

    assertTrue(text.contains("shadow/bypass"), text);
    assertTrue(text.contains("skylake-sp"), text);
    assertTrue(text.contains("cycles relative to native"), text);
  }

  @Test
  void aBadLineNamesFileAndLine() throws IOException {
    String bad = write("bad.txt", LACKEY + "I  zzz\n");

    Invocation.of("replay", bad).assertFails(2, "bad.txt", "line 8");
  }

  @Test
  void lenientSkipsABadLineAndSaysHowMany() throws IOException {
    String bad = write("bad.txt", LACKEY + "I  zzz\n");

    JsonNode json = json("replay", bad, "--lenient", "--output", "json");

    assertEquals(1, json.at("/trace/skipped").asInt());
  }

  @Test
  void emptyMissingAndForeignFilesAreOneLine() throws IOException {
    Invocation.of("replay", write("empty.txt", "")).assertFails(2, "empty.txt");
    Invocation.of("replay", folder.resolve("none.vxt").toString()).assertFails(2, "none.vxt");
    Invocation.of("replay", write("prose.txt", "To be or not\n")).assertFails(2, "--format");
    Invocation.of("replay", folder.toString()).assertFails(2, folder.toString());
  }

  @Test
  void absurdOptionsAreOneLine() {
    Invocation.of("replay", trace, "--paging", "tarot").assertFails(2, "native, shadow, ept");
    Invocation.of("replay", trace, "--guest-page", "3k").assertFails(2, "4k, 2m, 1g");
    Invocation.of("replay", trace, "--limit", "-1").assertFails(2, "--limit");
    Invocation.of("replay", trace, "--limit", "9999999999999G").assertFails(2, "2^63");
    Invocation.of("replay", trace, "--cpu", "abacus").assertFails(2, "skylake-sp");
    Invocation.of("replay", trace, "--set", "walk.entry-raed=1").assertFails(2, "walk.entry-read");
    Invocation.of("replay", trace, "--set", "walk.entry-read=x").assertFails(2, "whole number");
    Invocation.of("replay", trace, "--set", "walk.entry-read").assertFails(2, "KEY=VALUE");
    Invocation.of("replay", trace, "--guest-memory", "3").assertFails(2, "guest memory");
    Invocation.of("replay", trace, "--format", "tape").assertFails(2, "lackey");
  }

  @Test
  void everyProfileComparesWithTheDefaultOptionsAndTheModesItCanHave() throws IOException {
    for (String cpu : CpuProfile.names()) {
      JsonNode runs = json("compare", trace, "--cpu", cpu, "--output", "json").get("runs");
      CpuProfile profile = CpuProfile.named(cpu);
      int ept = profile.vmxCapabilities().supports(SecondaryControl.ENABLE_EPT) ? 1 : 0;
      int reservedBits = profile.cpuid().maxPhyAddr() < 52 ? 1 : 0;
      assertEquals(3 + ept + reservedBits, runs.size(), cpu);
    }
  }

  @Test
  void whatTheCpuCannotHaveIsOneLine() throws IOException {
    Invocation.of("replay", trace, "--cpu", "nehalem", "--guest-memory", "64G")
        .assertFails(2, "--guest-memory", "nehalem");
    Invocation.of(
            "replay", trace, "--cpu", "max", "--paging", "shadow", "--shadow-policy", "bypass")
        .assertFails(2, "bypass", "max");
    Invocation.of("replay", trace, "--cpu", "nehalem", "--guest-page", "1g")
        .assertFails(2, "1g", "nehalem");
    Invocation.of("replay", trace, "--cpu", "nehalem", "--direct-map", "1g")
        .assertFails(2, "--direct-map", "nehalem");
  }

  @Test
  void helpTellsWhatEachGroupOfOptionsIsAbout() {
    String help = Invocation.of("replay", "--help").out();

    for (String word : new String[] {"Machine", "Guest model", "Report", "--shadow-policy"}) {
      assertTrue(help.contains(word), help);
    }
  }

  private JsonNode json(String... arguments) throws IOException {
    Invocation run = Invocation.of(arguments);
    assertEquals(0, run.exitCode(), run.err());
    return new ObjectMapper().readTree(run.out());
  }

  private String write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }
}
