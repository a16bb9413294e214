package io.vmxsim.validation;

import java.util.List;

/** Published tables that vmxsim cannot run yet. */
final class AwaitedTables {
  private static final String NO_EOI = "the VMM has no paravirtual end of interrupt";
  private static final String PV_EOI = "KVM commit ab9cf4996bb9: 47,357 to 28,354 per second";

  private AwaitedTables() {}

  /** C2. */
  static List<PublishedRow> endOfInterrupt() {
    return List.of(
        endOfInterrupt("exits to end an interrupt", Expectation.equal(0), "exits"),
        endOfInterrupt("VM entries with over without", Expectation.below(1), "ratio"));
  }

  private static PublishedRow endOfInterrupt(String name, Expectation published, String unit) {
    return PublishedRow.notRun(name, Label.SHAPE, published, unit, PV_EOI, Grade.PRIMARY, NO_EOI);
  }
}
