package io.vmxsim.validation.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.board.Platform;
import io.vmxsim.validation.suite.SuiteResult.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kernels that print a text and end with a status. */
class SuiteRunTest {
  private static final int MAGIC = 0x1badb002;
  private static final int ADDRESSES = 1 << 16;
  private static final int LOAD = 0x10_0000;
  private static final SuiteTest TEST =
      new SuiteTest("t", "t.flat", 1, 16 << 20, "", "max", "", List.of(), List.of());

  private final Path folder;
  private final SuiteOptions options;
  private String log = "";

  SuiteRunTest(@TempDir Path folder) {
    this.folder = folder;
    options = new SuiteOptions(folder, 100_000, List.of("A=B", "C=D"), () -> Platform.BARE);
  }

  @BeforeEach
  void noImage() throws IOException {
    Files.deleteIfExists(folder.resolve("t.flat"));
  }

  /** Runs a kernel that prints {@code text}, then executes {@code end}. */
  private SuiteResult run(String text, String end) throws IOException {
    // mov esi,text; mov dx,3f8h; 1: lodsb; test al,al; jz 2f; out dx,al; jmp 1b; 2:
    byte[] loop = hex("be00001000 66baf803 ac 84c0 7403 ee ebf8");
    byte[] code = hex(end);
    byte[] said = text.getBytes(StandardCharsets.US_ASCII);
    byte[] image = new byte[32 + loop.length + code.length + said.length + 1];
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(MAGIC).putInt(ADDRESSES).putInt(-MAGIC - ADDRESSES);
    file.putInt(LOAD).putInt(LOAD).putInt(0).putInt(0).putInt(LOAD + 32);
    file.put(loop).put(code).put(said);
    file.putInt(33, LOAD + 32 + loop.length + code.length);
    Files.write(folder.resolve("t.flat"), image);
    return SuiteRun.of(TEST, options, (test, all) -> log = all);
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  @Test
  void theGuestsLinesAreCounted() throws IOException {
    SuiteResult result = run("PASS: a\nPASS: b\nSKIP: c\nSUMMARY: 3 tests\n", "b000 e6f4");
    assertEquals(Outcome.PASS, result.outcome());
    assertEquals(2, result.passed());
    assertEquals(1, result.skipped());
    assertEquals("", result.reason());
    assertTrue(log.startsWith("PASS: a\n"), log);
  }

  @Test
  void aFailureIsNamedByItsFirstLine() throws IOException {
    SuiteResult result = run("PASS: a\nFAIL: b\nFAIL: c\n", "b001 e6f4");
    assertEquals(Outcome.FAIL, result.outcome());
    assertEquals(3, result.exitCode());
    assertEquals(2, result.failed());
    assertEquals("FAIL: b", result.reason());
  }

  @Test
  void whatWasExpectedToFailAndPassesIsNoFailure() throws IOException {
    SuiteResult result = run("PASS: a\nXPASS: b\nXFAIL: c\n", "b001 e6f4");
    assertEquals(Outcome.XPASS, result.outcome());
    assertEquals(1, result.unexpected());
    assertEquals(0, result.failed());
    assertEquals("XPASS: b", result.reason());
    assertEquals(Outcome.FAIL, run("XPASS: b\nFAIL: c\n", "b001 e6f4").outcome());
  }

  @Test
  void skippingAndGivingUpHaveTheirOwnStatus() throws IOException {
    assertEquals(Outcome.SKIP, run("SKIP: no\n", "b026 e6f4").outcome());
    SuiteResult aborted = run("unhandled exception\n", "b03f e6f4");
    assertEquals(Outcome.ABORT, aborted.outcome());
    assertEquals("unhandled exception", aborted.reason());
  }

  @Test
  void theEnvironmentIsAModule() throws IOException {
    // mov eax,[ebx+24]; mov ecx,[eax+4]; sub ecx,[eax]; mov al,cl: the bytes of the module
    assertEquals(7 * 2 + 1, run("", "8b4318 8b4804 2b08 88c8 e6f4").exitCode());
  }

  @Test
  void whateverStopsAGuestIsTheReason() throws IOException {
    assertTrue(run("", "0f0b").reason().contains("triple fault"));
    assertTrue(run("", "ebfe").reason().contains("limit"));
    assertTrue(run("", "f4").reason().contains("halted"));
    assertTrue(run("", "b006 66baf90c ee").reason().contains("reset"));
  }

  @Test
  void aMissingImageIsSkipped() {
    SuiteResult result = SuiteRun.of(TEST, options, (test, said) -> {});
    assertEquals(Outcome.SKIP, result.outcome());
    assertTrue(result.reason().contains("t.flat"), result.reason());
  }

  @Test
  void anImageThatCannotBeLoadedIsThatTestsAbort() throws IOException {
    Files.writeString(folder.resolve("t.flat"), "no kernel");
    SuiteResult result = SuiteRun.of(TEST, options, (test, said) -> {});
    assertEquals(Outcome.ABORT, result.outcome());
  }

  @Test
  void resultsAreATableAndJson() throws IOException {
    List<SuiteResult> results = List.of(run("FAIL: b\n", "b001 e6f4"));
    String text = SuiteReport.summary(results);
    assertTrue(text.contains("t: FAIL: b"), text);
    String row = SuiteReport.row(List.of(TEST), results.get(0));
    assertTrue(row.matches("t +fail +0 +1 +0 +0 +\\d+\n"), row);
    assertEquals(row.length(), SuiteReport.head(List.of(TEST)).length());
    assertTrue(text.contains("1 fail"), text);
    String json = SuiteReport.json(results);
    assertTrue(json.contains("\"outcome\" : \"fail\""), json);
  }
}
