package io.vmxsim.validation;

import java.util.List;

/** Published tables whose numbers come from guest code, which vmxsim cannot run yet. */
final class AwaitedTables {
  private static final String WHY = "needs guest code under the VMM";
  private static final String ADAMS = "Adams and Agesen, ASPLOS 2006";
  private static final String VMEXIT = "KVM commit b7ffc44d5b2e, CPU not stated";
  private static final String IPI = "80 vCPUs in clusters of 16; rule of KVM commit 4180bf1b655a";
  private static final String PV_EOI = "KVM commit ab9cf4996bb9: 47,357 to 28,354 per second";

  private AwaitedTables() {}

  /** A4: a broadcast to the other 79 processors. */
  static List<PublishedRow> interProcessorInterrupts() {
    return List.of(
        exits("x2APIC physical, one destination each", 79, IPI, Grade.DERIVED),
        exits("x2APIC cluster, one for each cluster", 5, IPI, Grade.DERIVED),
        exits("hypercall, one for up to 128 destinations", 1, IPI, Grade.DERIVED));
  }

  /** B1: one price is fitted to {@code pgfault}, and {@code ptemod} predicted. */
  static List<PublishedRow> nanobenchmarks() {
    return List.of(
        cycles("pgfault, VT-x without EPT", Label.CALIBRATED, Expectation.near(11_242, 0.05)),
        cycles("ptemod, VT-x without EPT", Label.PREDICTED, Expectation.near(12_733, 0.25)),
        exits("divzero", 0, ADAMS, Grade.SECONDARY),
        exits("call/ret", 0, ADAMS, Grade.SECONDARY),
        exits("syscall", 0, ADAMS, Grade.SECONDARY),
        cycles("pgfault, VT-x above translation's 3927", Label.SHAPE, Expectation.above(3927)),
        cycles("pgfault, native below translation's 3927", Label.SHAPE, Expectation.below(3927)),
        cycles("ptemod, VT-x above translation's 391", Label.SHAPE, Expectation.above(391)),
        cycles("ptemod, native below translation's 391", Label.SHAPE, Expectation.below(391)),
        cycles("in, VT-x above native's 3209", Label.SHAPE, Expectation.above(3209)),
        cycles("in, native above translation's 214", Label.SHAPE, Expectation.above(214)));
  }

  /** B3: cycles of one round; the in-kernel path and the userspace leg are fitted. */
  static List<PublishedRow> vmexit() {
    return List.of(
        vmexit("vmcall", Label.CALIBRATED, Expectation.near(1181, 0.05)),
        vmexit("inl_qemu", Label.CALIBRATED, Expectation.near(6209, 0.05)),
        vmexit("cpuid", Label.CONSISTENCY, Expectation.near(1291, 0.1)),
        vmexit("inl_pmtimer", Label.CONSISTENCY, Expectation.near(6457, 0.1)),
        exits("mov_from_cr8, with a TPR shadow", 0, VMEXIT, Grade.PRIMARY),
        exits("mov_to_cr8, with a TPR shadow", 0, VMEXIT, Grade.PRIMARY));
  }

  /** C2. */
  static List<PublishedRow> endOfInterrupt() {
    return List.of(
        row(
            "exits to end an interrupt",
            Label.SHAPE,
            Expectation.equal(0),
            "exits",
            PV_EOI,
            Grade.PRIMARY),
        row(
            "VM entries with over without",
            Label.SHAPE,
            Expectation.below(1),
            "ratio",
            PV_EOI,
            Grade.PRIMARY));
  }

  private static PublishedRow exits(String name, long exits, String source, Grade grade) {
    return row(name, Label.EXACT, Expectation.equal(exits), "exits", source, grade);
  }

  private static PublishedRow cycles(String name, Label label, Expectation published) {
    return row(name, label, published, "cycles", ADAMS, Grade.SECONDARY);
  }

  private static PublishedRow vmexit(String name, Label label, Expectation published) {
    return row(name, label, published, "cycles", VMEXIT, Grade.PRIMARY);
  }

  private static PublishedRow row(
      String name, Label label, Expectation published, String unit, String source, Grade grade) {
    return PublishedRow.notRun(name, label, published, unit, source, grade, WHY);
  }
}
