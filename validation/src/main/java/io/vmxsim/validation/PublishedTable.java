package io.vmxsim.validation;

import java.util.List;

/** The published tables, each with its rows. */
public enum PublishedTable {
  A1("Entries read by an uncached walk"),
  A2("Exits per guest page fault"),
  A3("Cached shadow roots"),
  A4("Exits per inter-processor interrupt"),
  B1("Adams and Agesen's nanobenchmarks, Pentium 4 672"),
  B3("kvm-unit-tests vmexit"),
  C1("One guest boot with EPT and without"),
  C2("Paravirtual end of interrupt"),
  C3("EPT against shadow paging");

  private final String title;

  PublishedTable(String title) {
    this.title = title;
  }

  /** What the table is about. */
  public String title() {
    return title;
  }

  /** The rows, in the published order. */
  public List<PublishedRow> rows() {
    return switch (this) {
      case A1 -> UncachedWalkReads.rows();
      case A2 -> PageFaultExits.rows();
      case A3 -> CachedShadowRoots.rows();
      case A4 -> BroadcastExits.rows();
      case B1 -> Nanobenchmarks.rows();
      case B3 -> ExitCycles.rows();
      case C1 -> BootExits.rows();
      case C2 -> InterruptEnds.rows();
      case C3 -> Crossover.rows();
    };
  }
}
