package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FailureHandlerTest {
  private final StringWriter err = new StringWriter();
  private final FailureHandler handler =
      new FailureHandler(new PrintWriter(err, true), new String[] {"replay", "a.vxt"});

  @Test
  void badInputIsOneLineWithFileAndPosition() {
    int exitCode = handler.report(new InputException("a.vxt", "byte 12", "expected a block"));

    assertEquals(2, exitCode);
    assertEquals("vmxsim: a.vxt: byte 12: expected a block\n", err.toString());
  }

  @Test
  void whatIsNotModelledIsNamed() {
    assertEquals(6, handler.report(new NotModelledException("ENCLV", 0x1000)));
    assertEquals("vmxsim: not modelled: ENCLV (at RIP 0x1000)\n", err.toString());
  }

  @Test
  void aMissingFileIsBadInput() {
    assertEquals(2, handler.report(new NoSuchFileException("a.vxt")));
    assertEquals("vmxsim: a.vxt: no such file\n", err.toString());
  }

  @Test
  void aFullDiskIsBadInput() {
    Exception full = new UncheckedIOException(new IOException("No space left on device"));

    assertEquals(2, handler.report(full));
    assertEquals("vmxsim: No space left on device\n", err.toString());
  }

  @Test
  void tooSmallAHeapIsOneLineWithTheRemedy() {
    assertEquals(2, handler.report(new OutOfMemoryError("Java heap space")));
    assertEquals(1, err.toString().lines().count());
    assertTrue(err.toString().contains("VMXSIM_JAVA_OPTS"), err.toString());
  }

  @Test
  void aBugOfOursPrintsAllItKnows() {
    assertEquals(10, handler.report(new IllegalStateException("RIP=0x7c00 RAX=0x1")));
    assertTrue(err.toString().contains("bug in vmxsim"), err.toString());
    assertTrue(err.toString().contains("arguments: replay a.vxt"), err.toString());
    assertTrue(err.toString().contains("RIP=0x7c00 RAX=0x1"), err.toString());
    assertTrue(err.toString().contains("at io.vmxsim.cli.FailureHandlerTest"), err.toString());
  }
}
