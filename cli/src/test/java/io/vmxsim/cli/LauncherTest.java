package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code ./vmxsim} in a source tree of its own, whose {@code mvnw} only notes that it
 * was called and puts a jar in place that prints its arguments.
 */
@EnabledOnOs({OS.LINUX, OS.MAC})
class LauncherTest {
  private Path folder;
  private Path home;
  private Path source;

  /** What the launched jar runs: prints its arguments, one per line; exits with the first. */
  public static final class Echo {
    private Echo() {}

    public static void main(String[] arguments) {
      System.out.println(String.join("\n", arguments));
      System.out.println("heap=" + System.getProperty("heap"));
      System.exit(Integer.parseInt(arguments[0]));
    }
  }

  private record Run(int exitCode, String out, String err) {}

  @BeforeEach
  void sourceTree(@TempDir Path emptyFolder) throws IOException {
    folder = emptyFolder;
    home = folder.resolve("a folder with blanks");
    source = home.resolve("cli/src/main/java/A.java");
    Files.createDirectories(source.getParent());
    Files.writeString(source, "");
    Files.writeString(home.resolve("pom.xml"), "");
    Files.writeString(home.resolve("cli/pom.xml"), "");
    Files.copy(Path.of("..", "vmxsim"), home.resolve("vmxsim"));
    writeJar(folder.resolve("echo.jar"));
    script(
        home.resolve("mvnw"),
        "echo built >>\"$(dirname \"$0\")/builds\"",
        "sleep 0.5",
        "cp '"
            + folder.resolve("echo.jar")
            + "' \"$(dirname \"$0\")/cli/target/launcher/vmxsim.jar\"");
    for (Path file : List.of(source, home.resolve("pom.xml"), home.resolve("cli/pom.xml"))) {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
    }
  }

  @Test
  void buildsOnFirstUseAndSaysSoInOneLine() throws Exception {
    Run first = launch("0");
    Run second = launch("0");

    assertEquals(1, first.err().lines().count(), first.err());
    assertTrue(first.err().startsWith("vmxsim: building"), first.err());
    assertEquals("", second.err());
    assertEquals(1, builds());
  }

  @Test
  void passesArgumentsAndExitCodeThrough() throws Exception {
    Run run = launch("77", "two words", "*", "");

    assertEquals(77, run.exitCode());
    assertEquals(List.of("77", "two words", "*", "", "heap=null"), run.out().lines().toList());
  }

  @Test
  void rebuildsWhenASourceIsNewerThanTheBuild() throws Exception {
    launch("0");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
    launch("0");

    assertEquals(2, builds());
  }

  @Test
  void rebuildsWhenASourceIsGone() throws Exception {
    launch("0");
    Files.delete(source);
    launch("0");

    assertEquals(2, builds());
  }

  @Test
  void runsThroughASymbolicLinkFromAnywhere() throws Exception {
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, Path.of("a folder with blanks/vmxsim"));

    assertEquals(3, run(start(link, Map.of(), "3")).exitCode());
  }

  @Test
  void twoFirstRunsAtOnceBuildOnce() throws Exception {
    Process one = start(home.resolve("vmxsim"), Map.of(), "0");
    Process other = start(home.resolve("vmxsim"), Map.of(), "0");

    assertEquals(0, run(one).exitCode());
    assertEquals(0, run(other).exitCode());
    assertEquals(1, builds());
  }

  @Test
  void givesTheJvmItsOptions() throws Exception {
    Map<String, String> options = Map.of("VMXSIM_JAVA_OPTS", "-Xmx64m -Dheap=64");

    assertTrue(run(start(home.resolve("vmxsim"), options, "0")).out().contains("heap=64"));
  }

  @Test
  void aBuildThatFailsIsToldAndNotRun() throws Exception {
    script(home.resolve("mvnw"), "echo '[ERROR] A.java does not compile'", "exit 1");

    Run run = launch("0");

    assertEquals(10, run.exitCode());
    assertTrue(run.err().contains("A.java does not compile"), run.err());
    assertTrue(run.err().contains("build.log"), run.err());
  }

  @Test
  void aJavaThatIsTooOldIsRefusedInOneLine() throws Exception {
    Path jdk = folder.resolve("jdk-11");
    Files.createDirectories(jdk.resolve("bin"));
    script(jdk.resolve("bin/java"), "exit 1");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");

    Run run = run(start(home.resolve("vmxsim"), Map.of("JAVA_HOME", jdk.toString()), "0"));

    assertEquals(2, run.exitCode());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains("needs Java 17 or later"), run.err());
  }

  @Test
  void aJavaHomeWithoutJavaIsRefusedInOneLine() throws Exception {
    Run run = run(start(home.resolve("vmxsim"), Map.of("JAVA_HOME", folder.toString()), "0"));

    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("no bin/java"), run.err());
  }

  private Run launch(String... arguments) throws Exception {
    return run(start(home.resolve("vmxsim"), Map.of(), arguments));
  }

  private Process start(Path launcher, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(folder.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("VMXSIM_JAVA_OPTS");
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Run run(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out, err);
  }

  private long builds() throws IOException {
    return Files.readAllLines(home.resolve("builds")).size();
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/usr/bin/env bash\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void writeJar(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Echo.class.getName());
    String entry = Echo.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest);
        InputStream code = LauncherTest.class.getClassLoader().getResourceAsStream(entry)) {
      out.putNextEntry(new JarEntry(entry));
      out.write(code.readAllBytes());
    }
  }
}
