package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --gdb} with the real debugger, where there is one. */
@Timeout(60)
class GdbTest {
  private static final Pattern PORT = Pattern.compile("localhost:(\\d+)");
  private static final List<String> SCRIPT =
      List.of(
          "break *0x100021",
          "continue",
          "info registers rip",
          "stepi",
          "info registers rip",
          "monitor walk 100000",
          "delete",
          "continue");

  @ParameterizedTest
  @ValueSource(strings = {"boot", "run"})
  void theDebuggerStopsAtABreakpointAndStepsBareMachineAndGuest(
      String command, @TempDir Path directory) throws Exception {
    assumeTrue(isInstalled(), "needs gdb");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CompletableFuture<Integer> run =
        CompletableFuture.supplyAsync(
            () ->
                VmxsimCommand.execute(
                    new PrintWriter(out),
                    new PrintWriter(err, true),
                    command,
                    "hello",
                    "--gdb",
                    "0"));
    String said = debug(port(err), directory);
    assertEquals(1, run.get(20, TimeUnit.SECONDS), said);
    assertTrue(said.contains("Breakpoint 1, 0x0000000000100021"), said);
    assertTrue(said.contains("0x100021 is at") || said.contains("0x100000 is at 0x100000"), said);
    assertTrue(Pattern.compile("rip +0x100021").matcher(said).find(), said);
    assertTrue(Pattern.compile("rip +0x10002[2-9]").matcher(said).find(), said);
    assertTrue(said.contains("exited with code 01"), said);
    assertTrue(out.toString().startsWith("hello from 64-bit mode"), out.toString());
  }

  @Test
  void aPortThatIsNoneIsRefused() {
    Invocation.of("boot", "hello", "--gdb", "70000").assertFails(ExitCode.BAD_INPUT, "--gdb");
  }

  private static boolean isInstalled() throws InterruptedException {
    try {
      return new ProcessBuilder("gdb", "--version").start().waitFor() == 0;
    } catch (IOException absent) {
      return false;
    }
  }

  private static String port(StringWriter err) throws InterruptedException {
    for (int i = 0; i < 300; i++) {
      Matcher port = PORT.matcher(err.toString());
      if (port.find()) {
        return port.group(1);
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException("no port: " + err);
  }

  private static String debug(String port, Path directory)
      throws IOException, InterruptedException {
    Path script = directory.resolve("script");
    String connect = "set confirm off\nset pagination off\ntarget remote localhost:" + port + "\n";
    Files.writeString(script, connect + String.join("\n", SCRIPT) + "\n");
    Process gdb =
        new ProcessBuilder("gdb", "-nx", "-batch", "-x", script.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(gdb.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    gdb.waitFor();
    return said;
  }
}
