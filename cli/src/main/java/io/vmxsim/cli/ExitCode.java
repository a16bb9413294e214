package io.vmxsim.cli;

/**
 * Exit codes of the program. The odd ones are free for a guest, whose {@code isa-debug-exit} status
 * s gives 2s+1.
 */
final class ExitCode {
  static final int FINE = 0;

  /**
   * What was compared is not as it must be: a published number ({@code validate}), a test ({@code
   * suite}), a peer's run ({@code peers}), the exits of a stored run ({@code --against}).
   */
  static final int BROKEN = 1;

  /** Bad input or usage: one line on standard error says which. */
  static final int BAD_INPUT = 2;

  /** A triple fault or a VMX abort shut the machine down. */
  static final int TRIPLE_FAULT = 4;

  /** The run met something vmxsim does not model, and names it. */
  static final int NOT_MODELLED = 6;

  /**
   * {@code --limit} or {@code --max-instructions} ended the run; what was found up to there is
   * printed.
   */
  static final int LIMIT = 8;

  /** A bug in vmxsim: the message, the stack and what to report. */
  static final int BUG = 10;

  /** Ctrl-C; the JVM's own code for SIGINT. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
