package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Turns what went wrong into an {@link ExitCode} and a message: one line for what the user or the
 * world did, everything there is for a bug of ours.
 */
final class FailureHandler implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private final PrintWriter err;
  private final String[] arguments;

  FailureHandler(PrintWriter err, String[] arguments) {
    this.err = err;
    this.arguments = arguments.clone();
  }

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    return line(e.getMessage() + " (" + command + " --help tells more)", ExitCode.BAD_INPUT);
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    return report(e);
  }

  /** Prints what {@code failure} means to the user and returns its exit code. */
  int report(Throwable failure) {
    if (failure instanceof InputException) {
      return line(failure.getMessage(), ExitCode.BAD_INPUT);
    }
    if (failure instanceof NotModelledException) {
      return line(failure.getMessage(), ExitCode.NOT_MODELLED);
    }
    if (failure instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return report(unchecked.getCause());
    }
    if (failure instanceof IOException problem) {
      return line(inputOutput(problem), ExitCode.BAD_INPUT);
    }
    if (failure instanceof OutOfMemoryError) {
      return line(
          "out of memory: give the JVM more, for example VMXSIM_JAVA_OPTS=-Xmx4g",
          ExitCode.BAD_INPUT);
    }
    return bug(failure);
  }

  /**
   * {@code FileSystemException} has the bare file name as its message when the reason is its class.
   */
  private static String inputOutput(IOException e) {
    if (e instanceof FileSystemException failure && failure.getReason() == null) {
      String reason = e.getClass().getSimpleName().replaceFirst("Exception$", "");
      return failure.getFile()
          + ": "
          + reason.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }
    return String.valueOf(e.getMessage());
  }

  private int line(@Nullable String message, int exitCode) {
    err.println("vmxsim: " + String.valueOf(message).lines().findFirst().orElse("failed"));
    return exitCode;
  }

  private int bug(Throwable failure) {
    err.println("vmxsim: this is a bug in vmxsim; please report it with all that follows");
    err.println("arguments: " + String.join(" ", arguments));
    err.println("java: " + Runtime.version());
    failure.printStackTrace(err);
    return ExitCode.BUG;
  }
}
