package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table A4: the exits of a processor that sends an interrupt to 79 others, which all have to
 * receive it, in three ways. They are what one more broadcast adds to those of a run.
 */
final class BroadcastExits {
  private static final String SOURCE =
      "80 vCPUs in clusters of 16; rule of KVM commit 4180bf1b655a";
  private static final String CPU = "skylake-sp";
  private static final int PHYSICAL = 0;
  private static final int CLUSTER = 1;
  private static final int HYPERCALL = 2;

  private BroadcastExits() {}

  static List<PublishedRow> rows() {
    return List.of(
        row("x2APIC physical, one destination each", 79, PHYSICAL),
        row("x2APIC cluster, one for each cluster", 5, CLUSTER),
        row("hypercall, one for up to 128 destinations", 1, HYPERCALL));
  }

  private static PublishedRow row(String name, long exits, int way) {
    return PublishedRow.exact(
        name, exits, "exits", SOURCE, Grade.DERIVED, () -> sent(2, way) - sent(1, way));
  }

  private static long sent(int rounds, int way) {
    GuestRun run =
        GuestRun.of(
            "ipi-broadcast",
            "rounds=%d way=%d".formatted(rounds, way),
            CpuProfile.named(CPU),
            new Hypervisor(VmOptions.ept(PageSize.SIZE_4K)));
    return run.exitsOfFirst(ExitReason.MSR_WRITE) + run.exitsOfFirst(ExitReason.VMCALL);
  }
}
