package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmm.ShadowPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The trace of a whole system, from a {@code .vxt} file, in every mode: which exits depend on how
 * memory is virtualized, and which do not.
 */
class WholeSystemReplayTest {
  private static final int ROUNDS = 120;

  /** To no effect: the trace has the interrupts that its kernel took. */
  private static final long TIMER_HZ = 20_000;

  /** Exits that the guest's instructions and the devices cause, whatever the paging. */
  private static final Map<String, Long> BY_INSTRUCTION =
      Map.of(
          "CPUID", (long) ROUNDS,
          "IO_INSTRUCTION", 2L * ROUNDS,
          "MSR_READ", (long) ROUNDS,
          "MSR_WRITE", (long) ROUNDS,
          "HLT", (long) ROUNDS);

  /** Exits that only shadow paging needs: exception exits are page faults here. */
  private static final Set<String> OF_SHADOW_PAGING =
      Set.of("EXCEPTION_NMI", "INVLPG", "CR_ACCESS");

  private static RunResult bare;
  private static List<RunResult> shadow;
  private static RunResult ept;

  @BeforeAll
  static void replayInEveryMode(@TempDir Path folder) {
    Path file = folder.resolve("system.vxt");
    GeneratedTrace.SENSITIVE.write(file, ROUNDS, 1);
    List<ReplayConfiguration> modes = new ArrayList<>();
    modes.add(configuration(Paging.NATIVE, ShadowPolicy.UPDATE, false));
    for (ShadowPolicy policy : ShadowPolicy.values()) {
      modes.add(configuration(Paging.SHADOW, policy, false));
    }
    modes.add(configuration(Paging.SHADOW, ShadowPolicy.UPDATE, true));
    modes.add(configuration(Paging.EPT, ShadowPolicy.UPDATE, false));
    ReplayOptions options =
        new ReplayOptions(modes, 0, Long.MAX_VALUE, TIMER_HZ, 0, 1, 0, GuestOsOptions.DEFAULT);
    List<RunResult> runs = Replay.of(options, file).run().runs();
    bare = runs.get(0);
    shadow = runs.subList(1, runs.size() - 1);
    ept = runs.get(runs.size() - 1);
  }

  private static ReplayConfiguration configuration(
      Paging paging, ShadowPolicy policy, boolean unsync) {
    return new ReplayConfiguration(
        paging, policy, unsync, PageSize.SIZE_4K, PageSize.SIZE_4K, CpuProfile.named("skylake-sp"));
  }

  @Test
  void nativeHasNoExits() {
    assertEquals(List.of(), bare.exits());
  }

  @Test
  void sensitiveInstructionsExitEquallyOftenInEveryVirtualizedMode() {
    for (RunResult run : virtualized()) {
      Map<String, Long> counted = counts(run);
      counted.keySet().retainAll(BY_INSTRUCTION.keySet());
      assertEquals(new TreeMap<>(BY_INSTRUCTION), counted, label(run));
    }
  }

  @Test
  void everyExitThatIsNotOfThePagingModeIsTheSameInEveryVirtualizedMode() {
    Map<String, Long> underEpt = counts(ept);
    underEpt.remove("EPT_VIOLATION");
    for (RunResult run : shadow) {
      Map<String, Long> common = counts(run);
      common.keySet().removeAll(OF_SHADOW_PAGING);
      assertEquals(underEpt, common, label(run));
    }
  }

  @Test
  void eptViolationsComeUnderEptOnly() {
    assertTrue(ept.exitsFor("EPT_VIOLATION") > 0);
    for (RunResult run : shadow) {
      assertEquals(0, run.exitsFor("EPT_VIOLATION"), label(run));
      assertEquals(0, run.exitsFor("EPT_MISCONFIG"), label(run));
    }
  }

  @Test
  void pageFaultsInvlpgAndCr3LoadsExitUnderShadowPagingOnly() {
    for (RunResult run : shadow) {
      for (String reason : OF_SHADOW_PAGING) {
        assertTrue(run.exitsFor(reason) > 0, label(run) + " " + reason);
      }
      assertEquals(2 * ROUNDS, run.exitsFor("INVLPG"), label(run));
      assertEquals(ROUNDS / 2, run.exitsFor("CR_ACCESS"), label(run));
    }
    Set<String> both = new HashSet<>(counts(ept).keySet());
    both.retainAll(OF_SHADOW_PAGING);
    assertEquals(Set.of(), both);
  }

  @Test
  void everyModeRetiresTheSameInstructions() {
    for (RunResult run : virtualized()) {
      assertEquals(bare.instructions(), run.instructions(), label(run));
    }
  }

  private static List<RunResult> virtualized() {
    List<RunResult> all = new ArrayList<>(shadow);
    all.add(ept);
    return all;
  }

  private static Map<String, Long> counts(RunResult run) {
    Map<String, Long> counts = new TreeMap<>();
    for (ExitRow row : run.exits()) {
      counts.put(row.reason(), row.count());
    }
    return counts;
  }

  private static String label(RunResult run) {
    return run.paging().label() + (run.policy() == null ? "" : "/" + run.policy());
  }
}
