package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;
import java.util.List;

/**
 * Table C1: one guest that does what a kernel does while it starts, with EPT and without. What is
 * claimed is which mechanism exits where, and in which order of frequency; the counts themselves
 * are those of our guest, which is far smaller than the one of the published run.
 *
 * @param ept its exits with EPT
 * @param shadow its exits under shadow paging
 */
record BootExits(GuestRun ept, GuestRun shadow) {
  private static final String SOURCE = "a student's run of KVM 5.11 with an Ubuntu 20.04 guest";
  private static final String GUEST = "kernel-start";
  private static final String CPU = "skylake-sp";

  /** Run when first asked for. */
  private static final class Once {
    static final BootExits RUN =
        new BootExits(
            run(VmOptions.ept(PageSize.SIZE_4K)),
            run(VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K)));

    private static GuestRun run(VmOptions options) {
      return GuestRun.of(GUEST, "", CpuProfile.named(CPU), new Hypervisor(options));
    }
  }

  static List<PublishedRow> rows() {
    Expectation none = Expectation.equal(0);
    Expectation some = Expectation.above(0);
    Expectation more = Expectation.above(1);
    return List.of(
        count("CPUID, with EPT less without", none, run -> run.eptLessShadow(ExitReason.CPUID)),
        count(
            "I/O instruction, with EPT less without",
            none,
            run -> run.eptLessShadow(ExitReason.IO_INSTRUCTION)),
        count("EPT violation, with EPT", some, run -> run.ept.exits(ExitReason.EPT_VIOLATION)),
        count(
            "EPT misconfiguration, with EPT", some, run -> run.ept.exits(ExitReason.EPT_MISCONFIG)),
        count(
            "EPT violation and misconfiguration, without EPT",
            none,
            run ->
                run.shadow.exits(ExitReason.EPT_VIOLATION)
                    + run.shadow.exits(ExitReason.EPT_MISCONFIG)),
        count("INVLPG, with EPT", none, run -> run.ept.exits(ExitReason.INVLPG)),
        count("INVLPG, without EPT", some, run -> run.shadow.exits(ExitReason.INVLPG)),
        ratio(
            "CR access over exception, without EPT",
            more,
            ExitReason.CR_ACCESS,
            ExitReason.EXCEPTION_NMI),
        ratio(
            "exception over INVLPG, without EPT",
            more,
            ExitReason.EXCEPTION_NMI,
            ExitReason.INVLPG));
  }

  private long eptLessShadow(ExitReason reason) {
    return ept.exits(reason) - shadow.exits(reason);
  }

  private interface Count {
    long of(BootExits run);
  }

  private static PublishedRow count(String name, Expectation bound, Count count) {
    return PublishedRow.shape(
        name, bound, "exits", SOURCE, Grade.PRIMARY, () -> count.of(Once.RUN));
  }

  private static PublishedRow ratio(
      String name, Expectation bound, ExitReason above, ExitReason below) {
    return PublishedRow.shape(
        name,
        bound,
        "ratio",
        SOURCE,
        Grade.PRIMARY,
        () -> (double) Once.RUN.shadow.exits(above) / Once.RUN.shadow.exits(below));
  }
}
