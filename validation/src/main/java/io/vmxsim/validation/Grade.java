package io.vmxsim.validation;

/** How a published number is known. */
public enum Grade {
  /** The primary text was read. */
  PRIMARY("P"),
  /** Notes that quote the primary text were read. */
  SECONDARY("S"),
  /** Follows from a stated rule by arithmetic. */
  DERIVED("D");

  private final String letter;

  Grade(String letter) {
    this.letter = letter;
  }

  /** One letter for tables. */
  public String letter() {
    return letter;
  }
}
