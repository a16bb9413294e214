package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest prints the same on the bare machine and under the VMM, whatever its paging. */
class GuestsUnderVmmTest {
  /** What makes long guests short. */
  private static final Map<String, String> ARGUMENTS =
      Map.ofEntries(
          Map.entry("compute-loop", "rounds=2"),
          Map.entry("cpuid-loop", "rounds=50"),
          Map.entry("port-io-loop", "rounds=50"),
          Map.entry("mmio-loop", "rounds=50"),
          Map.entry("timer-tick-loop", "ticks=5"),
          Map.entry("ipi-ping", "rounds=10"),
          Map.entry("page-fault-storm", "pages=64"),
          Map.entry("table-update-storm", "rounds=1"),
          Map.entry("tlb-miss-storm", "pages=512 rounds=1"),
          Map.entry("context-switch-storm", "rounds=20"));

  /** They test features that the VMM hides under shadow paging. */
  private static final Set<String> HIDDEN_UNDER_SHADOW =
      Set.of("test-pcid", "test-protection-keys", "test-lam");

  /** They take long, or print what is measured. */
  private static final Set<String> LEFT_OUT =
      Set.of("exit-loop", "ipi-broadcast", "kernel-start", "vmcs-mutations", "test-paging");

  static Stream<Arguments> runs() {
    return GuestCatalog.list().stream()
        .map(Guest::name)
        .filter(name -> !LEFT_OUT.contains(name) && !usesVmx(name))
        .flatMap(name -> Stream.of(Arguments.of(name, false), Arguments.of(name, true)));
  }

  private static boolean usesVmx(String name) {
    return name.startsWith("test-vmx") || name.startsWith("vmx-") || name.equals("hypervisor");
  }

  @ParameterizedTest
  @MethodSource("runs")
  void printsTheSame(String name, boolean shadow) {
    VmOptions options =
        shadow
            ? VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K)
            : VmOptions.ept(PageSize.SIZE_4K);
    String arguments = ARGUMENTS.getOrDefault(name, "");
    GuestRun bare = GuestRun.of(name, arguments, "max", Platform.BARE);
    GuestRun guest = GuestRun.of(name, arguments, "max", new Hypervisor(options));
    assertEquals(bare.end(), guest.end(), guest.printed());
    if (shadow && HIDDEN_UNDER_SHADOW.contains(name)) {
      assertFalse(guest.printed().contains("FAIL"), guest.printed());
    } else {
      assertEquals(lines(bare), lines(guest));
    }
    assertTrue(guest.machine().processor(0).transitions().entries() > 0);
  }

  /** Its exits are so dear that a fast periodic timer would leave the guest no time. */
  @ParameterizedTest
  @ValueSource(strings = {"timer-tick-loop", "kernel-start"})
  void endsOnTheFirstProcessorWithVmx(String name) {
    VmOptions options = VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K);
    GuestRun guest = GuestRun.of(name, "", "pentium4-672", new Hypervisor(options));
    assertEquals(MachineEnd.Cause.GUEST, guest.end().cause(), guest.printed());
  }

  /** The TSC, and what depends on it, need not be equal. */
  private static List<String> lines(GuestRun run) {
    return run.printed().lines().filter(line -> !line.contains("cycles")).toList();
  }
}
