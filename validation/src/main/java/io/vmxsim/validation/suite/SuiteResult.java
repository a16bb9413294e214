package io.vmxsim.validation.suite;

/**
 * How a test ended.
 *
 * @param name of the test
 * @param outcome in a word
 * @param exitCode what the guest gave, odd; 0 if it gave none
 * @param passed lines in which the guest said that something passed; likewise the next two
 * @param unexpected lines in which it said that something passed which it expected to fail
 * @param instructions retired
 * @param reason why it did not pass: what stopped it, or the first line that says FAIL; else empty
 */
public record SuiteResult(
    String name,
    Outcome outcome,
    int exitCode,
    int passed,
    int failed,
    int skipped,
    int unexpected,
    long instructions,
    String reason) {

  /** Exit codes of kvm-unit-tests, as isa-debug-exit makes them of its statuses 0, 38 and 63. */
  static final int PASSED = 1;

  static final int SKIPPED = 77;
  static final int ABORTED = 127;

  /** In a word. */
  public enum Outcome {
    /** The guest says that all passed. */
    PASS,
    /** The guest says that something failed. */
    FAIL,
    /** Nothing failed, but something passed which the guest expected to fail. */
    XPASS,
    /** The guest says that it cannot test this machine, or there is no image. */
    SKIP,
    /** The guest gave up, or it was stopped. */
    ABORT
  }
}
