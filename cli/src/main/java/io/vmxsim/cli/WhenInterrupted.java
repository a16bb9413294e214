package io.vmxsim.cli;

import java.util.function.Supplier;

/**
 * What happens when Ctrl-C or a signal ends the JVM while something runs. A run that is over leaves
 * nothing behind, for a JVM may see many of them.
 */
final class WhenInterrupted {
  private WhenInterrupted() {}

  /** Runs {@code body}, and {@code action} on another thread if the JVM is ended before that. */
  static <T> T run(Runnable action, Supplier<T> body) {
    Thread hook = new Thread(action);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return body.get();
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException goingDown) {
        // the action has begun
      }
    }
  }
}
