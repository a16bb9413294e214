package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table C2: a guest under a load of timer interrupts, which ends each by a write to its local APIC,
 * or by KVM's bit in memory. Counted is what one more interrupt adds to a run.
 */
final class InterruptEnds {
  private static final String SOURCE = "KVM commit ab9cf4996bb9: 47,357 to 28,354 per second";
  private static final String CPU = "skylake-sp";
  private static final int TICKS = 100;

  private InterruptEnds() {}

  static List<PublishedRow> rows() {
    return List.of(
        PublishedRow.shape(
            "exits to end an interrupt",
            Expectation.equal(0),
            "exits",
            SOURCE,
            Grade.PRIMARY,
            () -> perTick(true, InterruptEnds::ends)),
        PublishedRow.shape(
            "exits to end an interrupt, without it",
            Expectation.equal(1),
            "exits",
            SOURCE,
            Grade.PRIMARY,
            () -> perTick(false, InterruptEnds::ends)),
        PublishedRow.shape(
            "VM entries with over without",
            Expectation.below(1),
            "ratio",
            SOURCE,
            Grade.PRIMARY,
            () -> perTick(true, GuestRun::exits) / perTick(false, GuestRun::exits)));
  }

  private interface Count {
    long of(GuestRun run);
  }

  /** Writes to the local APIC's page, of which the guest makes no other while it counts ticks. */
  private static long ends(GuestRun run) {
    return run.exits(ExitReason.EPT_VIOLATION) + run.exits(ExitReason.EPT_MISCONFIG);
  }

  private static double perTick(boolean paravirtual, Count count) {
    long once = count.of(run(TICKS, paravirtual));
    long twice = count.of(run(2 * TICKS, paravirtual));
    return (double) (twice - once) / TICKS;
  }

  private static GuestRun run(int ticks, boolean paravirtual) {
    return GuestRun.of(
        "timer-tick-loop",
        "ticks=%d paravirtual=%d".formatted(ticks, paravirtual ? 1 : 0),
        CpuProfile.named(CPU),
        new Hypervisor(VmOptions.ept(PageSize.SIZE_4K)));
  }
}
