package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ReadmeExampleTest {
  @Test
  void readmeShowsThePropertyThatTheTestsOfTheProcessorRun() throws IOException {
    String test =
        Files.readString(Path.of("../vmx-cpu/src/test/java/io/vmxsim/cpu/CpuidHandlerTest.java"));
    int begin = test.indexOf("// README: begin\n") + "// README: begin\n".length();
    String property = test.substring(begin, test.indexOf("// README: end")).stripIndent().strip();

    String readme = Files.readString(Path.of("../README.md"));

    assertTrue(property.lines().count() > 8);
    assertTrue(readme.contains("```java\n" + property + "\n```"), property);
  }
}
