package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class VmxsimCommandTest {
  @Test
  void helpNamesEveryCommandAndExitCode() {
    Invocation help = Invocation.of("--help");

    assertEquals(0, help.exitCode());
    for (String word :
        new String[] {
          "replay",
          "compare",
          "trace",
          "cpus",
          "completion",
          "Examples:",
          "Exit codes:",
          "130",
          "docs/"
        }) {
      assertTrue(help.out().contains(word), word);
    }
  }

  @Test
  void noCommandPrintsTheHelpAsAnError() {
    Invocation bare = Invocation.of();

    assertEquals(2, bare.exitCode());
    assertEquals("", bare.out());
    assertTrue(bare.err().contains("Commands:"), bare.err());
  }

  @Test
  void anUnknownCommandIsOneLineAndExitCode2() {
    Invocation.of("replya").assertFails(2, "replya");
  }

  @Test
  void anUnknownOptionIsOneLineAndExitCode2() {
    Invocation.of("completion", "--colour").assertFails(2, "--colour");
  }

  @Test
  void completionIsABashScriptForEveryCommand() {
    Invocation completion = Invocation.of("completion");

    assertEquals(0, completion.exitCode());
    assertTrue(completion.out().startsWith("#!/usr/bin/env bash"), completion.out());
    assertTrue(completion.out().contains("completion"), completion.out());
  }
}
