package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code validate} from the command line to what it prints. */
class ValidateCommandTest {
  @Test
  void namedTablesAreRunAndNoOther() throws IOException {
    Invocation run = Invocation.of("validate", "A2", "b1", "--output", "json");

    assertEquals(0, run.exitCode(), run.err());
    JsonNode tables = new ObjectMapper().readTree(run.out()).get("tables");
    assertEquals(2, tables.size());
    assertEquals("A2", tables.at("/0/table").asText());
    assertEquals(3, tables.at("/0/rows/0/ours").asInt());
    assertEquals("ok", tables.at("/0/rows/0/verdict").asText());
    assertEquals("calibrated", tables.at("/1/rows/0/label").asText());
  }

  @Test
  void rowsThatWereNotRunFailNothingEvenStrictly() {
    Invocation run = Invocation.of("validate", "A1", "--strict");

    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().contains("not run yet: agile paging"), run.out());
  }

  @Test
  void markdownGoesToAFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tables.md");

    assertEquals(0, Invocation.of("validate", "A2", "--markdown", file.toString()).exitCode());
    assertTrue(Files.readString(file).contains("| shadow paging, DROP | 3 | 3 |"));
  }

  @Test
  void badInputIsOneLine(@TempDir Path folder) {
    Invocation.of("validate", "Z9").assertFails(2, "a1", "Z9");
    String nowhere = folder.resolve("no/such/folder.md").toString();
    Invocation.of("validate", "A2", "--markdown", nowhere).assertFails(2, nowhere, "no such file");
  }
}
