package io.vmxsim.validation;

/**
 * A published number beside ours.
 *
 * @param row what was published
 * @param ours what the simulator says; NaN if there was no run
 */
public record Comparison(PublishedRow row, double ours) {

  /** What came of a comparison. */
  public enum Verdict {
    OK("ok"),
    /** A row without a claim of equality is outside its band. */
    MISS("MISS"),
    /** An exact row differs or a shape does not hold. */
    BROKEN("BROKEN"),
    NOT_RUN("not run yet");

    private final String label;

    Verdict(String label) {
      this.label = label;
    }

    /** The word in reports. */
    public String label() {
      return label;
    }
  }

  /** What came of it. */
  public Verdict verdict() {
    if (Double.isNaN(ours)) {
      return Verdict.NOT_RUN;
    }
    if (row.published().admits(ours)) {
      return Verdict.OK;
    }
    return row.label().isBinding() ? Verdict.BROKEN : Verdict.MISS;
  }

  /** Our number for reports; {@code -} if there was no run. */
  public String shown() {
    return verdict() == Verdict.NOT_RUN ? "-" : Expectation.number(ours);
  }

  /** The distance for reports; empty if there is none to tell. */
  public String difference() {
    return verdict() == Verdict.NOT_RUN ? "" : row.published().difference(ours);
  }

  /** The row's note where it explains the verdict; else empty. */
  public String explanation() {
    return verdict() == Verdict.OK || verdict() == Verdict.BROKEN ? "" : row.note();
  }
}
