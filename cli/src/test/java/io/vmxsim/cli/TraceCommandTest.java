package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceCommandTest {
  private static final String LACKEY = "I  00401000,4\n L 00500000,8\nI  00401004,4\n";

  @Test
  void infoOfAConversionIsThatOfTheOriginal(@TempDir Path folder) throws IOException {
    String text = Files.writeString(folder.resolve("t.txt"), LACKEY).toString();
    String vxt = folder.resolve("t.vxt").toString();

    Invocation converted = Invocation.of("trace", "convert", text, vxt, "--note", "by hand");

    assertEquals(0, converted.exitCode(), converted.err());
    String info = Invocation.of("trace", "info", vxt).out();
    assertTrue(info.contains("vxt"), info);
    assertTrue(info.contains("by hand"), info);
    assertEquals(
        Invocation.of("trace", "head", text).out(), Invocation.of("trace", "head", vxt).out());
  }

  @Test
  void headShowsAsManyAsAskedFor(@TempDir Path folder) throws IOException {
    String text = Files.writeString(folder.resolve("t.txt"), LACKEY).toString();

    assertEquals(2, Invocation.of("trace", "head", "-n", "2", text).out().lines().count());
  }

  @Test
  void aConversionThatFailsLeavesNoTarget(@TempDir Path folder) throws IOException {
    String bad = Files.writeString(folder.resolve("t.txt"), LACKEY + "I  zzz\n").toString();
    Path target = folder.resolve("t.vxt");

    Invocation.of("trace", "convert", bad, target.toString()).assertFails(2, "t.txt", "line 4");

    assertFalse(Files.exists(target));
  }

  @Test
  void aTargetThatCannotBeWrittenIsOneLine(@TempDir Path folder) throws IOException {
    String text = Files.writeString(folder.resolve("t.txt"), LACKEY).toString();
    String target = folder.resolve("no/such/folder/t.vxt").toString();

    Invocation.of("trace", "convert", text, target).assertFails(2, "t.vxt");
  }

  @Test
  void aMissingTargetIsOneLine() {
    Invocation.of("trace", "convert", "t.txt").assertFails(2, "TARGET");
  }

  @Test
  void aKvmTraceIsCountedAndReconciledWithARun(@TempDir Path folder) throws IOException {
    String kvm =
        Files.writeString(
                folder.resolve("kvm.txt"),
                "qemu-7 [001] d... 1.000000: kvm_exit: reason HLT rip 0x10 info 0 0\n")
            .toString();
    String lackey = Files.writeString(folder.resolve("t.txt"), LACKEY).toString();
    String run = Invocation.of("replay", lackey, "--output", "json").out();
    String runFile = Files.writeString(folder.resolve("run.json"), run).toString();

    JsonNode json =
        new ObjectMapper()
            .readTree(Invocation.of("trace", "kvm", kvm, "--json", "--against", runFile).out());

    assertEquals(1, json.at("/exits/byReason/HLT").asInt());
    assertEquals("ept", json.at("/against/0/run").asText());
    assertEquals(-1, json.at("/against/0/rows/0/difference").asInt());
    assertTrue(Invocation.of("trace", "kvm", kvm).out().contains("HLT"));
  }

  @Test
  void aBadKvmTraceOrRunIsOneLine(@TempDir Path folder) throws IOException {
    String bad = Files.writeString(folder.resolve("kvm.txt"), "hello\n").toString();

    Invocation.of("trace", "kvm", bad).assertFails(2, "kvm.txt", "line 1", "expected");
    Invocation.of("trace", "kvm", folder.resolve("none").toString()).assertFails(2, "no such file");
    Invocation.of("trace", "kvm", bad, "--lenient", "--against", bad).assertFails(2, "JSON");
  }
}
