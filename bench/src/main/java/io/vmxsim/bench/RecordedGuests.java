package io.vmxsim.bench;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.traces.ExitComparison;
import io.vmxsim.traces.LiveRun;
import io.vmxsim.traces.Recording;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Records each guest of our own under EPT and under shadow paging, replays both recordings in both
 * modes, and prints the table of docs/record.md.
 */
public final class RecordedGuests {
  private static final String CPU = "max";
  private static final long MEMORY = 128 << 20;
  private static final long LIMIT = 100_000_000;
  private static final Map<String, String> ARGUMENTS =
      Map.of(
          "compute-loop", "rounds=20",
          "ipi-broadcast", "rounds=2",
          "kernel-start", "processes=2 pages=16 calls=20 unmaps=4",
          "page-fault-storm", "pages=256",
          "table-update-storm", "rounds=3",
          "tlb-miss-storm", "pages=2048 rounds=2");

  private final CpuProfile cpu = CpuProfile.of(CPU);
  private final Path folder;

  private RecordedGuests(Path folder) {
    this.folder = folder;
  }

  /** Prints the table, of the guests that are named or of all. */
  public static void main(String[] names) throws IOException {
    Path folder = Files.createTempDirectory("recorded");
    RecordedGuests table = new RecordedGuests(folder);
    System.out.println(
        "| guest | EPT | replayed | shadow | replayed | EPT recorded, shadow"
            + " predicted | shadow recorded, EPT predicted |");
    System.out.println("|---|---|---|---|---|---|---|");
    for (Guest guest : GuestCatalog.list()) {
      if (names.length == 0 || Set.of(names).contains(guest.name())) {
        System.out.println(table.row(guest));
      }
    }
    for (Paging paging : Paging.values()) {
      Files.deleteIfExists(table.file(paging));
    }
    Files.delete(folder);
  }

  private Path file(Paging paging) {
    return folder.resolve(paging.label() + ".vxt");
  }

  private String row(Guest guest) {
    Map<Paging, Map<String, Long>> live = new EnumMap<>(Paging.class);
    for (Paging paging : List.of(Paging.EPT, Paging.SHADOW)) {
      live.put(paging, record(guest, paging));
    }
    Map<String, Long> ept = live.getOrDefault(Paging.EPT, Map.of());
    Map<String, Long> shadow = live.getOrDefault(Paging.SHADOW, Map.of());
    return "| %s | %,d | %s | %,d | %s | %s | %s |"
        .formatted(
            guest.name(),
            total(ept),
            replayed(Paging.EPT, Paging.EPT, ept),
            total(shadow),
            replayed(Paging.SHADOW, Paging.SHADOW, shadow),
            replayed(Paging.EPT, Paging.SHADOW, shadow),
            replayed(Paging.SHADOW, Paging.EPT, ept));
  }

  private static long total(Map<String, Long> exits) {
    return exits.values().stream().mapToLong(Long::longValue).sum();
  }

  private Map<String, Long> record(Guest guest, Paging paging) {
    VmOptions options =
        paging == Paging.EPT
            ? VmOptions.ept(PageSize.SIZE_4K)
            : VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K);
    Machine machine =
        new Machine(cpu, MEMORY, guest.cpus(), character -> {}, new Hypervisor(options));
    String arguments = ARGUMENTS.getOrDefault(guest.name(), "");
    ImageLoader.load(new BootRequest(guest.name(), guest.image(), arguments, List.of()), machine);
    try (Recording recording = new Recording(machine, file(paging))) {
      LiveRun run = new LiveRun(guest.name(), machine, cpu, options, 0, false, recording);
      run.record(CPU);
      machine.run(LIMIT);
      return run.result().exitsByReason();
    }
  }

  /** How a replay's exits differ from those of a live run. */
  private String replayed(Paging recorded, Paging paging, Map<String, Long> live) {
    ReplayOptions options = ReplayOptions.of(ReplayConfiguration.of(paging, cpu));
    try {
      Map<String, Long> exits =
          Replay.of(options, file(recorded)).run().runs().get(0).exitsByReason();
      return difference(ExitComparison.of("live", live, "replayed", exits));
    } catch (NotModelledException | InputException stop) {
      return "stops: " + stop.getMessage();
    }
  }

  private static String difference(ExitComparison exits) {
    if (exits.isEqual()) {
      return "equal";
    }
    return exits.rows().stream()
        .filter(row -> row.difference() != 0)
        .map(row -> "%s %+,d".formatted(row.reason(), row.difference()))
        .collect(Collectors.joining(", "));
  }
}
