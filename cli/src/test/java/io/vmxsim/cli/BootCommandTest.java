package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootCommandTest {
  private static final int MAGIC = 0x1badb002;
  private static final int ADDRESSES = 1 << 16;
  private static final int LOAD = 0x10_0000;

  /** mov dx,3f8h; mov al,'h'; out dx,al; mov al,'i'; out dx,al. */
  private static final String SAY_HI = "66baf803 b068 ee b069 ee";

  private final Path folder;

  BootCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** A multiboot image of those instructions. */
  private String image(String hex) throws IOException {
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    byte[] image = new byte[32 + code.length];
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(MAGIC).putInt(ADDRESSES).putInt(-MAGIC - ADDRESSES);
    file.putInt(LOAD).putInt(LOAD).putInt(0).putInt(0).putInt(LOAD + 32).put(code);
    return Files.write(folder.resolve("kernel"), image).toString();
  }

  @Test
  void printsTheSerialPortAndExitsWithTheGuestsStatus() throws IOException {
    Invocation boot = Invocation.of("boot", image(SAY_HI + "b005 e6f4"));
    assertEquals(new Invocation(11, "hi", ""), boot);
  }

  @Test
  void aGuestIsTestedByItsCommandLine() throws IOException {
    // mov esi,[ebx+16]; lodsb... the last byte of "kernel x": skip to the 0, take the one before
    String findEnd = "8b7310 ac 84c0 75fb 8a46fe";
    Invocation boot = Invocation.of("boot", image(findEnd + "e6f4"), "--append", "x");
    assertEquals('x' * 2 + 1, boot.exitCode(), boot.err());
  }

  @Test
  void aTripleFaultIsExitCode4() throws IOException {
    Invocation boot = Invocation.of("boot", image("0f0b"));
    assertEquals(4, boot.exitCode());
    assertTrue(boot.err().contains("triple fault: RIP 100020"), boot.err());
    assertTrue(boot.err().contains("#UD at RIP 0x100020"), boot.err());
  }

  @Test
  void statisticsOfEqualRunsAreEqualBytes() throws IOException {
    String loop = "b910270000 e2fe";
    String image = image(SAY_HI + loop + "b000 e6f4");
    Invocation first = Invocation.of("boot", image, "--cpus", "2", "--output", "json");
    assertTrue(first.out().startsWith("hi{"), first.out());
    assertTrue(first.out().contains("\"instructions\" : 10008"), first.out());
    assertEquals(first, Invocation.of("boot", image, "--cpus", "2", "--output", "json"));
  }

  @Test
  void theSerialPortCanLeadToAFile() throws IOException {
    Path file = folder.resolve("serial");
    Invocation boot =
        Invocation.of(
            "boot", image(SAY_HI + "f4"), "--serial", file.toString(), "--output", "text");
    assertEquals("hi", Files.readString(file));
    assertTrue(boot.out().startsWith("processor"), boot.out());
    Invocation.of("boot", image("f4"), "--serial", folder.toString()).assertFails(2, "write");
  }

  @Test
  void everyInstructionCanBeShown() throws IOException {
    Invocation boot = Invocation.of("boot", image("eb00 f4"), "--trace-exec");
    assertEquals(
        List.of("0 0000000000100020 jmp 0x100022", "0 0000000000100022 hlt"),
        boot.err().lines().limit(2).toList());
  }

  @Test
  void whatIsNotModelledIsNamedWithItsPlace() throws IOException {
    // fninit; fldcw [100000h], the header's 0b002h; fld1; fldz; fdivp; fwait, while CR0.NE is 0
    Invocation boot = Invocation.of("boot", image("dbe3 d92d00001000 d9e8 d9ee def9 9b f4"));
    assertEquals(6, boot.exitCode(), boot.err());
    assertTrue(boot.err().startsWith("vmxsim: not modelled: "), boot.err());
    assertTrue(boot.err().contains("32-bit code, bytes at RIP: 9b f4"), boot.err());
  }

  @Test
  void theLimitIsExitCode8() throws IOException {
    assertEquals(8, Invocation.of("boot", image("ebfe"), "--max-instructions", "5k").exitCode());
  }

  @Test
  void aHaltedGuestHasEnded() throws IOException {
    Invocation boot = Invocation.of("boot", image(SAY_HI + "f4"));
    assertEquals(0, boot.exitCode());
    assertEquals("hi", boot.out());
    assertTrue(boot.err().contains("halted"), boot.err());
  }

  @Test
  void badImagesAndOptionsAreOneLine() throws IOException {
    Invocation.of("boot", folder.resolve("absent").toString()).assertFails(2, "absent");
    Path empty = Files.createFile(folder.resolve("empty"));
    Invocation.of("boot", empty.toString()).assertFails(2, "empty", "kernel image");
    String image = image("f4");
    Invocation.of("boot", image, "--cpu", "abacus").assertFails(2, "abacus");
    Invocation.of("boot", image, "--memory", "64k").assertFails(2, "--memory");
    Invocation.of("boot", image, "--cpus", "0").assertFails(2, "--cpus");
    Invocation.of("boot", image, "--initrd", "gone").assertFails(2, "gone");
  }
}
