package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestsCommandTest {
  private final Path folder;

  GuestsCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void listsEachGuestWithWhatItDoes() {
    Invocation guests = Invocation.of("guests");
    assertEquals(0, guests.exitCode(), guests.err());
    assertTrue(guests.out().contains("hello "), guests.out());
    assertTrue(guests.out().contains("Prints a line over COM1"), guests.out());
  }

  @Test
  void showsASource() {
    assertTrue(Invocation.of("guests", "hello").out().contains("main:"));
  }

  @Test
  void bootRunsAGuestByNameAndTheImageWrittenOfItAlike() throws IOException {
    Invocation byName = Invocation.of("boot", "hello", "--output", "json");
    assertTrue(byName.out().startsWith("hello from 64-bit mode\n"), byName.out());
    assertEquals(1, byName.exitCode());
    Path image = folder.resolve("hello");
    Invocation.of("guests", "hello", "--image", image.toString());
    assertEquals(byName, Invocation.of("boot", image.toString(), "--output", "json"));
  }

  @Test
  void aDiskIsAFloppyDisk() throws IOException {
    Path disk = folder.resolve("disk");
    Invocation written = Invocation.of("guests", "hello", "--disk", disk.toString());
    assertEquals(new Invocation(0, "", ""), written);
    assertEquals(1440 * 1024, Files.size(disk));
  }

  @Test
  void anUnknownGuestIsOneLine() {
    Invocation.of("guests", "nobody").assertFails(2, "nobody");
    Invocation.of("boot", "nobody").assertFails(2, "nobody");
  }
}
