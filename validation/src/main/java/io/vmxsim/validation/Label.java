package io.vmxsim.validation;

import java.util.Locale;

/** What is claimed of a row. */
public enum Label {
  /** Ours equals the published number; a difference is a bug. */
  EXACT(true),
  /** An ordering, a zero, a bound: the shape of a result and not its size. */
  SHAPE(true),
  /** Compared with other rows fitted; outside its band it is a miss, with its likely cause. */
  PREDICTED(false),
  /** Too close to a fitted row to count as a prediction. */
  CONSISTENCY(false),
  /** A price was fitted to this row, so that it agrees by construction and proves nothing. */
  CALIBRATED(false),
  /** What another technique took, which is not modelled: printed as published. */
  QUOTED(false);

  private final boolean binding;

  Label(boolean binding) {
    this.binding = binding;
  }

  /** Whether a row that does not hold fails the validation. */
  public boolean isBinding() {
    return binding;
  }

  /** The name in reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
