package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/profiles.md and docs/cycles.md tell a user holds. */
class ProfileDocumentationTest {
  private static final Path DOCS = Path.of("..", "docs");

  @TempDir Path folder = Path.of("");

  @Test
  void theExampleProfileCanBeUsed() throws IOException {
    String example =
        Files.readString(DOCS.resolve("profiles.md"))
            .lines()
            .dropWhile(line -> !line.equals("    # My measurements on a Xeon E5-2680 v3."))
            .takeWhile(line -> line.isEmpty() || line.startsWith("    "))
            .map(String::strip)
            .collect(Collectors.joining("\n"));
    Path file = folder.resolve("my.profile");
    Files.writeString(file, example);
    CpuProfile profile = CpuProfile.read(file);
    assertEquals("my-haswell", profile.name());
    assertEquals(540, profile.costs().exit(10));
  }

  @Test
  void everyProfileIsListed() throws IOException {
    String text = Files.readString(DOCS.resolve("profiles.md"));
    for (String name : CpuProfile.names()) {
      assertTrue(text.contains("\n| `" + name + "` |"), name);
    }
  }

  @Test
  void everyPriceIsDefined() throws IOException {
    String text = Files.readString(DOCS.resolve("cycles.md"));
    for (Cost cost : Cost.values()) {
      assertTrue(text.contains("`" + cost.key() + "`"), cost.key());
    }
    for (InstructionClass instructionClass : InstructionClass.values()) {
      String word = instructionClass.key().substring("instruction.".length());
      assertTrue(text.contains("`" + word + "`"), word);
    }
  }
}
