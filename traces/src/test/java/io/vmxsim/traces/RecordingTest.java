package io.vmxsim.traces;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A live run and the replay of its recording have the same exits. */
class RecordingTest {
  private static final CpuProfile CPU = CpuProfile.named("max");
  private static final long MEMORY = 16 << 20;

  private final Path folder;

  RecordingTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private RunResult live(String name, String arguments, Paging paging) {
    VmOptions options =
        paging == Paging.EPT
            ? VmOptions.ept(PageSize.SIZE_4K)
            : VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K);
    Guest guest = GuestCatalog.find(name).orElseThrow();
    Machine machine =
        new Machine(CPU, MEMORY, guest.cpus(), character -> {}, new Hypervisor(options));
    ImageLoader.load(new BootRequest(name, guest.image(), arguments, List.of()), machine);
    Recording recording = new Recording(machine, file());
    LiveRun run = new LiveRun(name, machine, CPU, options, 0, false, recording);
    run.record("max");
    assertEquals(MachineEnd.Cause.GUEST, machine.run(50_000_000).cause());
    return run.result();
  }

  private Path file() {
    return folder.resolve("run.vxt");
  }

  private ReplayResult replay(Paging paging) {
    ReplayOptions options = ReplayOptions.of(ReplayConfiguration.of(paging, CPU));
    return Replay.of(options, file()).run();
  }

  @ParameterizedTest
  @CsvSource({
    "hello, EPT, ''",
    "port-io-loop, EPT, rounds=20",
    "mmio-loop, EPT, rounds=20",
    "timer-tick-loop, EPT, ticks=20",
    "page-fault-storm, EPT, pages=32",
    "page-fault-storm, SHADOW, pages=32",
    "table-update-storm, SHADOW, rounds=2",
    "context-switch-storm, EPT, rounds=20",
    "context-switch-storm, SHADOW, rounds=20",
    "test-events, EPT, ''",
    "test-events, SHADOW, ''",
    "test-msr, SHADOW, ''",
    "test-debug, EPT, ''",
    "test-debug, SHADOW, ''",
    "ipi-ping, EPT, rounds=10",
    "ipi-ping, SHADOW, rounds=10",
    "test-smp, EPT, ''",
    "test-smp, SHADOW, ''",
    "test-x2apic, EPT, ''",
    "test-lam, EPT, ''",
    "test-real-mode, SHADOW, ''",
    "test-task-switch, EPT, ''",
    "test-task-switch, SHADOW, ''",
    "test-emulator, EPT, ''",
    "test-emulator, SHADOW, ''",
    "test-vmx-instructions, SHADOW, ''"
  })
  void aReplayInTheSameModeHasTheSameExits(String guest, Paging paging, String arguments) {
    Map<String, Long> live = live(guest, arguments, paging).exitsByReason();
    assertFalse(live.isEmpty());
    ReplayResult replayed = replay(paging);
    assertEquals(live, replayed.runs().get(0).exitsByReason());
    assertEquals(live, requireNonNull(replayed.recorded()).exits());
    assertTrue(ReplayTextReport.exits(replayed).contains("\nThe same exits by reason"));
  }

  @Test
  void aReplayInAnotherModeIsAPrediction() {
    live("table-update-storm", "rounds=2", Paging.EPT);
    ReplayResult native1 = replay(Paging.NATIVE);
    assertTrue(native1.runs().get(0).exits().isEmpty());
    String text = ReplayTextReport.exits(native1);
    assertTrue(text.contains("\nA prediction: the run was recorded under ept"), text);
    Map<String, Long> predicted = replay(Paging.SHADOW).runs().get(0).exitsByReason();
    Map<String, Long> live = live("table-update-storm", "rounds=2", Paging.SHADOW).exitsByReason();
    // what the VMM hides under shadow paging, PCIDs, the guest does not turn on there
    assertEquals(live.get("INVLPG"), predicted.get("INVLPG"));
    assertEquals(live.get("IO_INSTRUCTION"), predicted.get("IO_INSTRUCTION"));
  }

  @Test
  void theRealModeOfAProcessorThatStartsIsEmulatedWhereItCannotBeEntered() {
    live("ipi-ping", "rounds=10", Paging.EPT);
    Map<String, Long> predicted = replay(Paging.SHADOW).runs().get(0).exitsByReason();
    assertEquals(live("ipi-ping", "rounds=10", Paging.SHADOW).exitsByReason(), predicted);
  }

  @Test
  void whatTheRecordedMachineWasIsKnownBeforeItsFirstInstruction() {
    live("hello", "", Paging.EPT);
    try (TraceReader reader = TraceFormats.open(file().toString(), TraceOptions.DEFAULT)) {
      reader.fill(new ActionBatch(64));
      RecordedRun run = requireNonNull(reader.recordedRun());
      assertEquals("max", run.cpu());
      assertEquals(MEMORY, run.memory());
      assertEquals(Paging.EPT, run.paging());
      assertTrue(run.exits().isEmpty());
    }
  }

  @Test
  void otherExitsThanRecordedAreListed() {
    StringBuilder text = new StringBuilder();
    ExitComparison.of(
            "recorded", Map.of("HLT", 1L, "CPUID", 1L), "replayed", Map.of("HLT", 3L, "CPUID", 1L))
        .appendTo(text);
    assertTrue(
        text.toString().matches("(?s).*HLT +1 +50.00% +3 +75.00% +\\+2\n.*"), text.toString());
    assertTrue(text.toString().matches("(?s).*CPUID +1 +50.00% +1 +25.00%\n.*"), text.toString());
  }
}
