package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmm.ShadowPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the README says of the generated traces: which paging mode wins on each, and why. */
class GeneratedTraceTest {
  private Path folder;

  @BeforeEach
  void inAnEmptyFolder(@TempDir Path emptyFolder) {
    folder = emptyFolder;
  }

  @Test
  void eptWinsWherePageTablesChange() {
    List<RunResult> shadow = compare(GeneratedTrace.TABLE_UPDATES, 5_000);
    RunResult ept = shadow.remove(shadow.size() - 1);
    for (RunResult run : shadow) {
      assertTrue(total(run) > 5 * total(ept), run.policy() + ": " + run.cycles());
      assertTrue(run.totalExits() >= 3 * 5_000, "write, INVLPG and use of each page-table entry");
    }
    assertTrue(ept.totalExits() < 1_000, "only memory touched for the first time");
  }

  @Test
  void shadowPagingWinsWhereTheTlbMisses() {
    List<RunResult> shadow = compare(GeneratedTrace.TLB_MISSES, 500_000);
    RunResult ept = shadow.remove(shadow.size() - 1);
    for (RunResult run : shadow) {
      assertTrue(total(run) < total(ept), run.policy() + ": " + run.cycles());
      assertTrue(
          run.walks().entryReads() * 3 < ept.walks().entryReads() * 2,
          "walks are what tells: " + run.walks() + ", " + ept.walks());
    }
  }

  @ParameterizedTest
  @EnumSource
  void isTheSameForTheSameSeed(GeneratedTrace kind) throws IOException {
    assertArrayEquals(bytes(kind, 7), bytes(kind, 7));
    boolean random = kind != GeneratedTrace.SENSITIVE;
    assertEquals(random, !Arrays.equals(withoutNote(kind, 7), withoutNote(kind, 8)));
  }

  @Test
  void aTargetOutOfReachIsBadInput() {
    Path target = folder.resolve("no/such/folder/x.vxt");
    String message = Actions.message(() -> GeneratedTrace.SENSITIVE.write(target, 1, 1));
    assertTrue(message.startsWith(target.toString()), message);
    assertFalse(Files.exists(target));
  }

  private byte[] bytes(GeneratedTrace kind, long seed) throws IOException {
    Path file = folder.resolve("x.vxt");
    kind.write(file, 50, seed);
    return Files.readAllBytes(file);
  }

  /** The actions as text, for the note in the file names the seed. */
  private byte[] withoutNote(GeneratedTrace kind, long seed) throws IOException {
    Path file = folder.resolve("x.vxt");
    kind.write(file, 50, seed);
    TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT);
    return String.join("\n", Actions.read(reader)).getBytes(StandardCharsets.UTF_8);
  }

  private static long total(RunResult run) {
    return run.cycles().total();
  }

  /** Shadow paging under each policy, then EPT, as {@code compare} runs them by default. */
  private List<RunResult> compare(GeneratedTrace kind, long count) {
    Path file = folder.resolve("x.vxt");
    kind.write(file, count, 1);
    List<ReplayConfiguration> runs = new ArrayList<>();
    for (ShadowPolicy policy : ShadowPolicy.values()) {
      runs.add(configuration(Paging.SHADOW, policy));
    }
    runs.add(configuration(Paging.EPT, ShadowPolicy.UPDATE));
    ReplayOptions options =
        new ReplayOptions(runs, 0, Long.MAX_VALUE, 250, 0, 0, 0, GuestOsOptions.DEFAULT);
    Replay replay = Replay.of(options, file);
    return new ArrayList<>(replay.run().runs());
  }

  private static ReplayConfiguration configuration(Paging paging, ShadowPolicy policy) {
    return new ReplayConfiguration(
        paging, policy, false, PageSize.SIZE_4K, PageSize.SIZE_4K, CpuProfile.named("skylake-sp"));
  }
}
