package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class TraceFormatsTest {
  private static final String LACKEY = "I  0401ab73,5\n S 1fff000778,8\n".repeat(50);

  private interface Compressor {
    OutputStream around(OutputStream out) throws IOException;
  }

  private static byte[] compressed(byte[] data, Compressor compressor) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = compressor.around(bytes)) {
      out.write(data);
    }
    return bytes.toByteArray();
  }

  private static byte[] gzip(byte[] data) throws IOException {
    return compressed(data, GZIPOutputStream::new);
  }

  private static byte[] xz(byte[] data) throws IOException {
    return compressed(data, out -> new XZOutputStream(out, new LZMA2Options(0)));
  }

  private static byte[] zstd(byte[] data) throws IOException {
    return compressed(data, ZstdOutputStream::new);
  }

  private static byte[] lackey() {
    return LACKEY.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] champSim(int records) {
    byte[] data = new byte[64 * records];
    for (int i = 0; i < records; i++) {
      byte[] record =
          ChampSimReaderTest.record(0x401000 + i, i & 1, i & 1, new long[0], new long[0]);
      System.arraycopy(record, 0, data, 64 * i, 64);
    }
    return data;
  }

  private static TraceFormat recognised(byte[] data) {
    try (TraceReader reader = Actions.reader(data, TraceOptions.DEFAULT)) {
      return reader.format();
    }
  }

  @Test
  void recognisesFormatsByContentUnderAnyCompression(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("x");
    try (TraceWriter writer = new TraceWriter(file)) {
      writer.finish();
    }
    for (byte[] data : List.of(lackey(), champSim(1500), Files.readAllBytes(file))) {
      TraceFormat format = recognised(data);
      assertEquals(format, recognised(gzip(data)));
      assertEquals(format, recognised(xz(data)));
      assertEquals(format, recognised(zstd(data)));
    }
    assertEquals(TraceFormat.LACKEY, recognised(lackey()));
    assertEquals(TraceFormat.LACKEY, recognised("==7== x\n".getBytes(StandardCharsets.US_ASCII)));
    assertEquals(TraceFormat.CHAMPSIM, recognised(champSim(1)));
    assertEquals(TraceFormat.VXT, recognised(Files.readAllBytes(file)));
  }

  @Test
  void asksForTheFormatOfWhatIsNotRecognised() {
    byte[] flags = champSim(1500);
    flags[64 * 999 + 9] = 2;
    byte[] laterFlags = champSim(1500);
    laterFlags[64 * 1000 + 9] = 2; // beyond those looked at: an error where it is
    assertEquals(TraceFormat.CHAMPSIM, recognised(laterFlags));
    for (byte[] data :
        List.of(
            flags,
            Arrays.copyOf(champSim(1500), 64 * 1500 - 1),
            new byte[640],
            new byte[] {1},
            "hello\n".getBytes(StandardCharsets.US_ASCII))) {
      String message = Actions.complaint(data, TraceOptions.DEFAULT);
      assertTrue(message.startsWith("test: byte 0: expected a trace that can be"), message);
      assertTrue(message.contains("--format lackey|champsim|champsim-cloudsuite"), message);
    }
  }

  @Test
  void saysThatAFileIsEmptyAbsentOrAFolder(@TempDir Path folder) throws IOException {
    assertTrue(Actions.complaint(new byte[0], TraceOptions.DEFAULT).contains("the file is empty"));
    assertTrue(Actions.complaint(gzip(new byte[0]), TraceOptions.DEFAULT).contains("is empty"));
    for (String name : List.of(folder.toString(), folder.resolve("no").toString())) {
      String message = Actions.message(() -> TraceFormats.open(name, TraceOptions.DEFAULT));
      assertTrue(message.startsWith(name + ": expected a "), message);
    }
  }

  @Test
  void noticesCompressedDataThatIsCut() throws IOException {
    for (byte[] whole : List.of(gzip(lackey()), xz(lackey()), zstd(lackey()))) {
      TraceOptions options = TraceOptions.DEFAULT.withFormat(TraceFormat.LACKEY);
      for (int length = 1; length < whole.length; length++) {
        Actions.complaint(Arrays.copyOf(whole, length), options);
      }
    }
    String message = Actions.complaint("BZh9".getBytes(StandardCharsets.US_ASCII), Actions.LENIENT);
    assertTrue(message.contains("run bunzip2 first"), message);
  }

  @Test
  void readsTheBundledSample() {
    TraceInfo info;
    try (TraceReader reader = TraceFormats.openSample()) {
      info = TraceInfo.of(reader, n -> {});
    }
    // As grep -c finds them in the recorded text: an M line is a load and a store.
    assertEquals(5_485_923, info.counts().instructions());
    assertEquals(1_603_959, info.counts().loads());
    assertEquals(714_120, info.counts().stores());
    assertTrue(info.dataPages() > 3000, "larger than a second-level TLB");
  }

  @Test
  void convertsAndReplaysTheSame(@TempDir Path folder) {
    for (String name : List.of("a.vxt", "a.vxt.gz", "a.vxt.xz", "a.vxt.zst")) {
      Path file = folder.resolve(name);
      TraceConvert.convert(
          Actions.reader(LACKEY, TraceOptions.DEFAULT), file, 0, "a note", n -> {});
      try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
        assertEquals(
            Actions.read(Actions.reader(LACKEY, TraceOptions.DEFAULT)), Actions.read(reader));
      }
    }
  }

  @Test
  void convertsUpToALimitOfInstructions(@TempDir Path folder) {
    Path file = folder.resolve("a.vxt");
    TraceConvert.Summary summary =
        TraceConvert.convert(Actions.reader(LACKEY, TraceOptions.DEFAULT), file, 7, "", n -> {});
    assertEquals(7, summary.instructions());
    assertEquals(14, summary.actions());
    try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
      assertEquals(14, Actions.read(reader).size());
    }
  }

  @Test
  void leavesNothingBehindWhenTheInputIsBad(@TempDir Path folder) {
    Path file = folder.resolve("a.vxt");
    Actions.message(
        () ->
            TraceConvert.convert(
                Actions.reader(LACKEY + "?\n", TraceOptions.DEFAULT), file, 0, "", n -> {}));
    assertArrayEquals(new String[0], folder.toFile().list());
  }

  @Test
  void theExampleHoldsAsManyOfEachAsAsked(@TempDir Path folder) {
    Path file = folder.resolve("example.vxt");
    GeneratedTrace.SENSITIVE.write(file, 100, 1);
    TraceInfo info;
    try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
      info = TraceInfo.of(reader, n -> {});
    }
    for (ActionKind kind :
        List.of(
            ActionKind.CPUID,
            ActionKind.IN,
            ActionKind.OUT,
            ActionKind.RDMSR,
            ActionKind.WRMSR,
            ActionKind.HLT)) {
      assertEquals(100, info.actions().get(kind), kind.name());
    }
    assertTrue(info.toJson().contains("\"CPUID\" : 100"), info.toJson());
    assertTrue(info.toText().contains("generated: sensitive, count 100"), info.toText());
  }

  @Test
  void showsTheHeadAsTextAndJson() {
    String text = TraceHead.toText(Actions.reader(LACKEY, TraceOptions.DEFAULT), 2);
    assertEquals("000000000401ab73   5\n    store            8        1fff000778\n", text);
    String json = TraceHead.toJson(Actions.reader(LACKEY, TraceOptions.DEFAULT), 1);
    assertEquals(
        "{\"vcpu\": 0, \"kind\": \"INSTRUCTION\", \"size\": 5, \"address\": \"0x401ab73\"}\n",
        json);
  }

  @Test
  void anInstructionAndWhatItIsStayInOneBatch(@TempDir Path folder) {
    Path file = folder.resolve("x.vxt");
    ActionBatch batch = new ActionBatch(64);
    try (TraceWriter writer = new TraceWriter(file)) {
      for (int i = 0; i < 20_000; i++) {
        batch.clear();
        batch.add(ActionKind.INSTRUCTION, 2, 0x1000 + 2 * i, ActionBatch.NO_BYTES);
        batch.add(ActionKind.CPUID, 0, i, 0);
        batch.add(ActionKind.LOAD, 8, i, 0);
        writer.write(0, batch);
      }
      writer.finish();
    }
    for (int capacity : new int[] {1, 300, 4001, ActionBatch.DEFAULT_CAPACITY}) {
      ActionBatch read = new ActionBatch(capacity);
      try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
        while (reader.fill(read)) {
          assertEquals(ActionKind.INSTRUCTION.code(), read.kind(0));
          assertEquals(0, read.count() % 3);
        }
      }
    }
  }
}
