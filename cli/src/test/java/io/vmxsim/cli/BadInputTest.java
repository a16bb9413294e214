package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.traces.TraceWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever is wrong with a trace or an option, each command ends with exit code 2 and one line that
 * names file and position; with {@code --lenient} it counts and goes on.
 */
class BadInputTest {
  private static final String GOOD = "I  00401000,4\n L 00500000,8\n".repeat(200);

  /** To a conversion that is to begin a file: after that it has not. */
  private static final int MOST_WRITES = 20_000;

  private Path folder;
  private byte[] vxt;

  @BeforeEach
  void convertAGoodTrace(@TempDir Path emptyFolder) throws IOException {
    folder = emptyFolder;
    Path file = folder.resolve("good.vxt");
    String text = write("good.txt", GOOD.getBytes(StandardCharsets.US_ASCII));
    assertEquals(0, Invocation.of("trace", "convert", text, file.toString()).exitCode());
    vxt = Files.readAllBytes(file);
  }

  /** A trace, what its line must say, and how many records a lenient reading skips (-1: fails). */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "truncated.vxt,             block,     1",
    "truncated.txt,             line 401,  1",
    "truncated.champsim,        record 2,  1",
    "truncated.gz,              byte,     -1",
    "corrupted.vxt,             block 1,   1",
    "corrupted-header.vxt,      byte 0,   -1",
    "corrupted.gz,              byte,     -1",
    "empty.txt,                 empty,    -1",
    "empty.gz,                  empty,    -1",
    "wrong-format.txt,          --format, -1",
    "wrong-format.bz2,          bzip2,    -1",
    "unknown-record.txt,        line 401,  1",
    "unknown-record.champsim,   record 2,  1",
    "unknown-record.drmemtrace, record 3,  1",
    "non-canonical.txt,         line 401,  1",
    "non-canonical.champsim,    record 2,  1",
    "non-canonical.vxt,         block 1,   1",
  })
  void aBadTraceIsOneLine(String name, String position, int skipped) throws IOException {
    String trace = write(name, content(name));
    String[] format =
        name.endsWith(".champsim") ? new String[] {"--format", "champsim"} : new String[0];
    Path target = folder.resolve("target.vxt");

    run(format, "replay", trace).assertFails(2, name + ": ", position);
    run(format, "compare", trace).assertFails(2, name + ": ", position);
    run(format, "trace", "info", trace).assertFails(2, name + ": ", position);
    run(format, "trace", "convert", trace, target.toString()).assertFails(2, name + ": ", position);
    assertFalse(Files.exists(target));

    Invocation lenient = run(format, "replay", trace, "--lenient", "--output", "json");
    if (skipped < 0) {
      lenient.assertFails(2, name + ": ", position);
    } else {
      assertEquals(0, lenient.exitCode(), lenient.err());
      JsonNode json = new ObjectMapper().readTree(lenient.out());
      assertEquals(skipped, json.at("/trace/skipped").asInt());
    }
  }

  private byte[] content(String name) throws IOException {
    byte[] good = GOOD.getBytes(StandardCharsets.US_ASCII);
    return switch (name) {
      case "truncated.vxt" -> Arrays.copyOf(vxt, vxt.length - 40);
      case "truncated.txt" -> text(GOOD + "I  00401");
      case "truncated.champsim" -> Arrays.copyOf(champSim(3, 0, 0x50_0000), 2 * 64 + 63);
      case "truncated.gz" -> Arrays.copyOf(gzip(good), gzip(good).length - 12);
      case "corrupted.vxt" -> flip(vxt, 32 + 32 + 20);
      case "corrupted-header.vxt" -> flip(vxt, 14);
      case "corrupted.gz" -> flip(gzip(good), gzip(good).length - 8);
      case "empty.txt" -> new byte[0];
      case "empty.gz" -> gzip(new byte[0]);
      case "wrong-format.txt" -> text("%PDF-1.7\n");
      case "wrong-format.bz2" -> text("BZh91AY&SY");
      case "unknown-record.txt" -> text(GOOD + " X 00500000,8\n");
      case "unknown-record.champsim" -> champSim(3, 7, 0x50_0000);
      case "unknown-record.drmemtrace" -> drmemtrace();
      case "non-canonical.txt" -> text(GOOD + " L 800000000000,8\n");
      case "non-canonical.champsim" -> champSim(3, 0, 0x8000_0000_0000L);
      case "non-canonical.vxt" -> vxtWithLoadOf(0x8000_0000_0000L);
      default -> throw new IllegalArgumentException(name);
    };
  }

  @Test
  void anImpossibleInitialStateNamesTheFile() throws IOException {
    Path file = folder.resolve("system.vxt");
    try (TraceWriter writer = new TraceWriter(file)) {
      ActionBatch batch = new ActionBatch(4);
      batch.add(ActionKind.INITIAL_CR, 3, 0, -4096);
      batch.add(ActionKind.INSTRUCTION, 4, 0x40_1000, ActionBatch.NO_BYTES);
      writer.write(0, batch);
      writer.finish();
    }
    Invocation.of("compare", file.toString()).assertFails(2, "system.vxt", "initial state", "CR3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--timer-hz 1000000000",
        "--timer-instructions 1",
        "--limit 0",
        "--warmup -1",
        "--seed x",
        "--top -1",
        "--guest-memory 1000000G",
        "--guest-memory 0",
        "--ticks-per-switch 9999999999999999999",
        "--cpu nehalem --guest-page 1g",
        "--paging shadow --shadow-policy bypass --unsync",
        "--set walk.entry-read=-1",
        "--set walk.entry-read=1e99",
        "--output xml",
        "--format lackey,vxt",
        "--paging",
        "--no-such-option",
      })
  void anAbsurdOptionIsOneLine(String options) {
    String trace = folder.resolve("good.txt").toString();
    run(options.split(" "), "replay", trace).assertFails(2);
  }

  @Test
  void aFullDiskIsOneLineAndLeavesWhatWasThere() throws Exception {
    byte[] before = text("an older file");
    Path target = folder.resolve("target.vxt");
    Files.write(target, before);
    StringBuilder large = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      large.append("I  ").append(Integer.toHexString(0x40_0000 + i * 7919)).append(",4\n");
    }
    String trace = write("large.txt", text(large.toString()));

    // A limit on the size of files fails a write as a full disk does.
    Process convert =
        program("ulimit -f 8; exec \"$@\"", "trace", "convert", trace, target.toString());
    String err = new String(convert.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

    assertEquals(2, convert.waitFor(), err);
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.contains("target.vxt: byte ") && err.contains("able to write"), err);
    assertArrayEquals(before, Files.readAllBytes(target));
    assertEquals(0, unfinished());
  }

  @Test
  void aReportThatFindsNoRoomIsBadInput() throws Exception {
    String trace = folder.resolve("good.txt").toString();

    Process replay = program("exec \"$@\" >/dev/full", "replay", trace);
    String err = new String(replay.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

    assertEquals(2, replay.waitFor(), err);
    assertEquals(1, err.lines().count(), err);
  }

  @Test
  void aKilledConversionLeavesNothingUnderTheFinalName() throws Exception {
    byte[] before = text("an older file");
    Path target = folder.resolve("target.vxt");
    Files.write(target, before);
    Process convert =
        program("exec \"$@\"", "trace", "convert", "--format", "lackey", "-", target.toString());
    try (OutputStream in = convert.getOutputStream()) {
      for (int i = 0; unfinished() == 0 && convert.isAlive() && i < MOST_WRITES; i++) {
        in.write(text(GOOD));
        in.flush();
      }
      convert.destroyForcibly();
      convert.waitFor();
    } catch (IOException e) {
      // The pipe broke: killed.
    }
    assertArrayEquals(before, Files.readAllBytes(target));
    assertEquals(1, unfinished(), "it was at work");
  }

  private long unfinished() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".part")).count();
    }
  }

  /** The program in a JVM of its own, under a shell command that ends in {@code exec "$@"}. */
  private static Process program(String shell, String... arguments) throws IOException {
    Stream<String> java =
        Stream.of(
            "bash",
            "-c",
            shell,
            "bash",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData", // would be a file of its own that the limit on size concerns
            "-cp",
            System.getProperty("java.class.path"),
            VmxsimCommand.class.getName());
    return new ProcessBuilder(Stream.concat(java, Stream.of(arguments)).toList()).start();
  }

  private static Invocation run(String[] options, String... arguments) {
    return Invocation.of(
        Stream.concat(Stream.of(arguments), Stream.of(options)).toArray(String[]::new));
  }

  private String write(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content).toString();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] flip(byte[] data, int at) {
    byte[] changed = data.clone();
    changed[at] ^= 0x55;
    return changed;
  }

  private static byte[] gzip(byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(data);
    }
    return bytes.toByteArray();
  }

  /** Records of which the last has these branch flags and loads from that address. */
  private static byte[] champSim(int records, int flag, long load) {
    ByteBuffer data = ByteBuffer.allocate(64 * records).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < records; i++) {
      data.putLong(64 * i, 0x40_1000 + 4 * i);
    }
    data.put(64 * (records - 1) + 8, (byte) flag).putLong(64 * (records - 1) + 32, load);
    return data.array();
  }

  /** Header, thread, an instruction, a record of a type there is not, footer. */
  private static byte[] drmemtrace() {
    ByteBuffer data = ByteBuffer.allocate(5 * 12).order(ByteOrder.LITTLE_ENDIAN);
    int[] types = {25, 22, 10, 99, 26};
    int[] sizes = {0, 4, 4, 0, 0};
    long[] addresses = {7, 1, 0x40_1000, 0, 0};
    for (int i = 0; i < types.length; i++) {
      data.putShort((short) types[i]).putShort((short) sizes[i]).putLong(addresses[i]);
    }
    return data.array();
  }

  private byte[] vxtWithLoadOf(long address) throws IOException {
    Path file = folder.resolve("written.vxt");
    try (TraceWriter writer = new TraceWriter(file)) {
      ActionBatch batch = new ActionBatch(4);
      batch.add(ActionKind.INSTRUCTION, 4, 0x40_1000, ActionBatch.NO_BYTES);
      batch.add(ActionKind.LOAD, 8, address, 0);
      writer.write(0, batch);
      writer.finish();
    }
    return Files.readAllBytes(file);
  }
}
