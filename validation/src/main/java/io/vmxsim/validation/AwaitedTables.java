package io.vmxsim.validation;

import java.util.List;

/** Published tables that vmxsim cannot run yet. */
final class AwaitedTables {
  private static final String NO_PROFILE =
      "needs profiles of these CPUs, and a VMM that does without loading IA32_EFER by VM entries";
  private static final String NO_EOI = "the VMM has no paravirtual end of interrupt";
  private static final String ADAMS = "Adams and Agesen, ASPLOS 2006";
  private static final String PV_EOI = "KVM commit ab9cf4996bb9: 47,357 to 28,354 per second";

  private AwaitedTables() {}

  /** B1: one price is fitted to {@code pgfault}, and {@code ptemod} predicted. */
  static List<PublishedRow> nanobenchmarks() {
    return List.of(
        cycles("pgfault, VT-x without EPT", Label.CALIBRATED, Expectation.near(11_242, 0.05)),
        cycles("ptemod, VT-x without EPT", Label.PREDICTED, Expectation.near(12_733, 0.25)),
        exits("divzero", 0),
        exits("call/ret", 0),
        exits("syscall", 0),
        cycles("pgfault, VT-x above translation's 3927", Label.SHAPE, Expectation.above(3927)),
        cycles("pgfault, native below translation's 3927", Label.SHAPE, Expectation.below(3927)),
        cycles("ptemod, VT-x above translation's 391", Label.SHAPE, Expectation.above(391)),
        cycles("ptemod, native below translation's 391", Label.SHAPE, Expectation.below(391)),
        cycles("in, VT-x above native's 3209", Label.SHAPE, Expectation.above(3209)),
        cycles("in, native above translation's 214", Label.SHAPE, Expectation.above(214)));
  }

  /** C2. */
  static List<PublishedRow> endOfInterrupt() {
    return List.of(
        endOfInterrupt("exits to end an interrupt", Expectation.equal(0), "exits"),
        endOfInterrupt("VM entries with over without", Expectation.below(1), "ratio"));
  }

  private static PublishedRow exits(String name, long exits) {
    return nanobenchmark(name, Label.EXACT, Expectation.equal(exits), "exits");
  }

  private static PublishedRow cycles(String name, Label label, Expectation published) {
    return nanobenchmark(name, label, published, "cycles");
  }

  private static PublishedRow nanobenchmark(
      String name, Label label, Expectation published, String unit) {
    return PublishedRow.notRun(name, label, published, unit, ADAMS, Grade.SECONDARY, NO_PROFILE);
  }

  private static PublishedRow endOfInterrupt(String name, Expectation published, String unit) {
    return PublishedRow.notRun(name, Label.SHAPE, published, unit, PV_EOI, Grade.PRIMARY, NO_EOI);
  }
}
