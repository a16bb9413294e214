package io.vmxsim.vmcs.rules;

/**
 * Thrown by a context asked for an input it does not know; the rule that asked becomes {@link
 * Verdict#UNKNOWN}. It has no stack trace and there is only one.
 */
public final class UnknownInput extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The only one. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // no stack trace, no cause, no suppressed ones
  public static final UnknownInput SIGNAL = new UnknownInput();

  private UnknownInput() {
    super("input not known", null, false, false);
  }
}
