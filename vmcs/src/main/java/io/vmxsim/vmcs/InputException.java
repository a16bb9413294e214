package io.vmxsim.vmcs;

import org.jspecify.annotations.Nullable;

/**
 * Input from outside that cannot be used: one line naming it, the position and what was expected.
 */
public final class InputException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * @param source the file, stream or option
   * @param position where in it, such as “line 3, column 7”; empty if it is about the whole
   * @param expected what would have been right, and what was there instead
   */
  public InputException(String source, String position, String expected) {
    this(source, position, expected, null);
  }

  /** Like {@link #InputException(String, String, String)}, keeping what revealed it. */
  public InputException(
      String source, String position, String expected, @Nullable Throwable cause) {
    super(source + (position.isEmpty() ? "" : ": " + position) + ": " + expected, cause);
  }
}
