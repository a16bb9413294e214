package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCommandTest {
  private final Path folder;

  RunCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void withoutAnImageTheGuestsAreListed() {
    Invocation run = Invocation.of("run");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(Invocation.of("guests").out(), run.out());
  }

  @Test
  void aGuestSaysWhatItSaysOnTheBareMachineAndItsExitsAreCounted() {
    Invocation bare = Invocation.of("boot", "hello");
    Invocation run = Invocation.of("run", "hello");
    assertEquals(bare.exitCode(), run.exitCode(), run.err());
    assertTrue(run.out().startsWith(bare.out()), run.out());
    assertTrue(run.out().contains("IO_INSTRUCTION"), run.out());
    assertEquals(bare, Invocation.of("run", "hello", "--output", "none"));
  }

  @Test
  void equalRunsPrintEqualBytes() {
    String[] arguments = {"run", "cpuid-loop", "--append", "rounds=100", "--output", "json"};
    Invocation first = Invocation.of(arguments);
    assertTrue(first.out().contains("\"EPT_VIOLATION\""), first.out());
    assertEquals(first, Invocation.of(arguments));
  }

  @Test
  void aGuestOfOurOwnIsToldNothingThatItDoesNotUnderstand() {
    Invocation.of("run", "cpuid-loop", "--append", "count=100")
        .assertFails(2, "--append: count=100: expected rounds=1 to 4000000000 for cpuid-loop");
    Invocation.of("boot", "exit-loop", "--append", "rounds=5 what=x")
        .assertFails(2, "what=x: expected rounds=1 to 4000000000, what=0 to 8 for exit-loop");
    Invocation.of("run", "table-update-storm", "--append", "pages=513")
        .assertFails(2, "--append: pages=513: expected pages=1 to 512, rounds=");
    Invocation.of("guests", "hello", "--disk", folder.resolve("d").toString(), "--append", "x")
        .assertFails(2, "--append: x: expected nothing for hello");
  }

  @Test
  void theWorstPlacesAreShown() {
    Invocation run = Invocation.of("run", "hello", "--top", "2");
    assertTrue(run.out().contains("port 0x3f8"), run.out());
  }

  @Test
  void serialOutputCanLeadToAFile() throws IOException {
    Path file = folder.resolve("serial");
    Invocation run = Invocation.of("run", "hello", "--serial", file.toString());
    assertEquals("hello from 64-bit mode\n", Files.readString(file));
    assertFalse(run.out().contains("hello from"), run.out());
  }

  @Test
  void aRecordingReplaysOnTheMachineThatWasRecorded() {
    String file = folder.resolve("hello.vxt").toString();
    Invocation run =
        Invocation.of("run", "hello", "--record", file, "--paging", "shadow", "--memory", "16M");
    assertEquals(0, Invocation.of("trace", "info", file).exitCode(), run.err());
    Invocation replay = Invocation.of("replay", file, "--paging", "shadow,ept");
    assertEquals(0, replay.exitCode(), replay.err());
    assertTrue(replay.out().contains("The same exits by reason"), replay.out());
    assertTrue(replay.out().contains("A prediction: the run was recorded under shadow"));
    assertTrue(replay.out().contains("on max:"), replay.out());
  }

  @Test
  void aRunCanBeRecordedAndShownInstructionByInstruction() {
    String file = folder.resolve("shown.vxt").toString();
    Invocation shown = Invocation.of("run", "hello", "--trace-exec", "--record", file);
    long instructions = shown.err().lines().filter(line -> line.startsWith("0 0000")).count();
    assertTrue(instructions > 10_000, shown.err());
    Invocation replay = Invocation.of("replay", file);
    assertTrue(replay.out().contains("The same exits by reason"), replay.out());
  }

  @Test
  void aRunHasPicturesAndSpreadsheetsToo() throws IOException {
    Path page = folder.resolve("run.html");
    Path timeline = folder.resolve("run.json");
    Invocation run =
        Invocation.of(
            "run",
            "timer-tick-loop",
            "--append",
            "ticks=3",
            "--report",
            page.toString(),
            "--perfetto",
            timeline.toString(),
            "--output",
            "csv");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.out().lines().anyMatch(line -> line.startsWith("ept,,any,4K,max,")), run.out());
    String html = Files.readString(page);
    assertTrue(html.contains("Exits over time"), html);
    assertTrue(html.contains("<title>vmxsim: timer-tick-loop"), html);
    assertTrue(Files.readString(timeline).contains("\"name\":\"HLT\""));
    Invocation.of("run", "hello", "--report", page.toString(), "--checkpoint", file("c"))
        .assertFails(2, "--report");
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }

  @Test
  void aReplayIsPutBesideALiveRun() throws IOException {
    String file = folder.resolve("updates.vxt").toString();
    Invocation.of("run", "table-update-storm", "--append", "rounds=1", "--record", file);
    String same = live("shadow", "rounds=1");
    Invocation prediction = Invocation.of("replay", file, "--paging", "shadow", "--against", same);
    assertEquals(0, prediction.exitCode(), prediction.err());
    assertTrue(prediction.out().contains("shadow/update: the same exits"), prediction.out());
    Invocation other = Invocation.of("replay", file, "--against", live("ept", "rounds=2"));
    assertEquals(1, other.exitCode(), other.out());
    assertTrue(other.out().contains("ept: other exits"), other.out());
    Invocation.of("replay", file, "--against", same).assertFails(2, "a run with --paging ept");
    Invocation.of("replay", file, "--against", folder.resolve("serial").toString())
        .assertFails(2, "/runs");
  }

  @Test
  void aTraceOfTheBareMachinePredictsRuns() throws IOException {
    String trace = file("bare.vxt");
    Invocation boot =
        Invocation.of("boot", "table-update-storm", "--append", "rounds=1", "--record", trace);
    assertEquals(1, boot.exitCode(), boot.err());
    for (String paging : List.of("ept", "shadow")) {
      String run = live(paging, "rounds=1");
      Invocation replay = Invocation.of("replay", trace, "--paging", paging, "--against", run);
      assertEquals(0, replay.exitCode(), replay.out() + replay.err());
    }
  }

  @Test
  void whatCannotBeRecordedLeavesNoFile() throws IOException {
    Invocation boot = Invocation.of("boot", "hypervisor", "--record", file("bare.vxt"));
    assertEquals(6, boot.exitCode(), boot.err());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  private String live(String paging, String arguments) throws IOException {
    String nowhere = folder.resolve("serial").toString();
    Invocation run =
        Invocation.of(
            "run",
            "table-update-storm",
            "--append",
            arguments,
            "--paging",
            paging,
            "--serial",
            nowhere,
            "--output",
            "json");
    return Files.writeString(folder.resolve(paging + ".json"), run.out()).toString();
  }

  @Test
  void theLimitIsExitCode8() {
    Invocation run = Invocation.of("run", "cpuid-loop", "--max-instructions", "20k");
    assertEquals(8, run.exitCode());
    assertTrue(run.out().contains("CPUID"), run.out());
  }

  @Test
  void badOptionsAreOneLine() {
    Invocation.of("run", "nobody").assertFails(2, "nobody");
    Invocation.of("run", "hello", "--cpus", "0").assertFails(2, "--cpus");
    assertEquals(2, Invocation.of("run", "hello", "--paging", "native").exitCode());
  }
}
