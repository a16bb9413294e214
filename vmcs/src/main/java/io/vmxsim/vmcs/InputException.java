package io.vmxsim.vmcs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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

  /** A file that {@code failure} kept from being used: {@code what} says for what. */
  public static InputException of(Path file, String what, IOException failure) {
    return new InputException(file.toString(), "", what + ": " + reason(failure), failure);
  }

  private static String reason(IOException failure) {
    if (failure instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason =
        failure instanceof FileSystemException system ? system.getReason() : failure.getMessage();
    return reason == null ? failure.getClass().getSimpleName() : reason;
  }
}
