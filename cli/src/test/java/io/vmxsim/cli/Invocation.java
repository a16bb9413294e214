package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;

/** The program run within the test's JVM: what it printed and its exit code. */
record Invocation(int exitCode, String out, String err) {

  static Invocation of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode =
        VmxsimCommand.execute(new PrintWriter(out), new PrintWriter(err, true), arguments);
    return new Invocation(exitCode, out.toString(), err.toString());
  }

  /** Asserts exit code, silence on standard output, and one error line that holds each word. */
  void assertFails(int expectedExitCode, String... words) {
    assertEquals(expectedExitCode, exitCode, err);
    assertEquals("", out);
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.startsWith("vmxsim: "), err);
    for (String word : words) {
      assertTrue(err.contains(word), err);
    }
  }
}
