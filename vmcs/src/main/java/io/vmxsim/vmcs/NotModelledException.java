package io.vmxsim.vmcs;

/** Stops a run at something the architecture defines and vmxsim does not model, by name. */
public final class NotModelledException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String feature;

  /**
   * @param feature what is not modelled, in the SDM's words
   * @param rip the instruction pointer at which it was asked for
   */
  public NotModelledException(String feature, long rip) {
    super("not modelled: " + feature + " (at RIP 0x" + Long.toHexString(rip) + ")");
    this.feature = feature;
  }

  /** Like {@link #NotModelledException(String, long)} where no instruction is executing. */
  public NotModelledException(String feature) {
    super("not modelled: " + feature);
    this.feature = feature;
  }

  /** What is not modelled, in the SDM's words. */
  public String feature() {
    return feature;
  }
}
