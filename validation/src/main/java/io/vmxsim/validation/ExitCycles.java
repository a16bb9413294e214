package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table B3: cycles of one round of kvm-unit-tests' {@code vmexit}, whose CPU is not stated, beside
 * those of a guest of our own that does the same. Two prices of {@code base.profile} are fitted:
 * {@code handler} to vmcall, and {@code userspace} to inl_qemu. The profile is one that takes both
 * from there, as it does the price of a VM exit.
 */
final class ExitCycles {
  private static final String SOURCE = "KVM commit b7ffc44d5b2e, CPU not stated";
  private static final String CPU = "skylake-sp";
  private static final int ROUNDS = 500;
  private static final String ONE_PRICE =
      "every exit that the VMM answers in the kernel has the price of vmcall's handler here, and no"
          + " price of the handler of IN is published";

  private ExitCycles() {}

  static List<PublishedRow> rows() {
    return List.of(
        row("vmcall", Label.CALIBRATED, Expectation.near(1181, 0.05), 2, ""),
        row("inl_qemu", Label.CALIBRATED, Expectation.near(6209, 0.05), 4, ""),
        row("cpuid", Label.CONSISTENCY, Expectation.near(1291, 0.1), 1, ""),
        row("inl_pmtimer", Label.CONSISTENCY, Expectation.near(6457, 0.1), 3, ""),
        row("inl_kernel", Label.CONSISTENCY, Expectation.near(2339, 0.1), 5, ONE_PRICE),
        row("outl_kernel", Label.CONSISTENCY, Expectation.near(1391, 0.1), 6, ONE_PRICE),
        taskPriority("mov_from_cr8, with a TPR shadow", 7),
        taskPriority("mov_to_cr8, with a TPR shadow", 8));
  }

  private static PublishedRow row(
      String name, Label label, Expectation published, int what, String note) {
    return new PublishedRow(
        name, label, published, "cycles", SOURCE, Grade.PRIMARY, () -> cycles(what), note);
  }

  private static PublishedRow taskPriority(String name, int what) {
    return new PublishedRow(
        name,
        Label.EXACT,
        Expectation.equal(0),
        "exits",
        SOURCE,
        Grade.PRIMARY,
        () -> exits(2 * ROUNDS, what) - exits(ROUNDS, what),
        "");
  }

  private static double cycles(int what) {
    return (double) (run(2 * ROUNDS, what) - run(ROUNDS, what)) / ROUNDS;
  }

  private static long run(int rounds, int what) {
    return guest(rounds, what).cycles();
  }

  private static long exits(int rounds, int what) {
    GuestRun guest = guest(rounds, what);
    long sum = 0;
    for (ExitReason reason : ExitReason.values()) {
      sum += guest.exits(reason);
    }
    return sum;
  }

  private static GuestRun guest(int rounds, int what) {
    return GuestRun.of(
        "exit-loop",
        "rounds=%d what=%d".formatted(rounds, what),
        CpuProfile.named(CPU),
        new Hypervisor(VmOptions.ept(PageSize.SIZE_4K)));
  }
}
