package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

class DrmemtraceReaderTest {

  /** Records of type, size and address, as documented: u16, u16, u64. */
  private static final class Trace {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Trace add(int type, int size, long address) {
      byte[] bytes = new byte[12];
      ByteBuffer b = Actions.littleEndian(bytes);
      b.putShort((short) type).putShort((short) size).putLong(address);
      out.writeBytes(bytes);
      return this;
    }

    Trace begin() {
      return add(25, 0, 3).add(28, 12, 5).add(28, 9, 0).add(22, 4, 77).add(24, 4, 77);
    }

    /** Encoding records of up to eight bytes each, and the instruction. */
    Trace instruction(int type, long address, String hex) {
      byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
      for (int at = 0; at < code.length; at += 8) {
        int n = Math.min(8, code.length - at);
        ByteBuffer part = Actions.littleEndian(new byte[8]).put(0, code, at, n);
        add(47, n, part.getLong(0));
      }
      return add(type, code.length, address);
    }

    byte[] end() {
      return add(23, 4, 77).add(26, 0, 0).bytes();
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }

  private static byte[] zip(String[] names, byte[][] contents) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < names.length; i++) {
        zip.putNextEntry(new ZipEntry(names[i]));
        zip.write(contents[i]);
      }
    }
    return out.toByteArray();
  }

  @Test
  void readsInstructionsWithTheirBytesAndAccesses() {
    byte[] data =
        new Trace()
            .begin()
            .instruction(14, 0x7fc205a61943L, "e8 b8 0c 00 00")
            .add(1, 8, 0x7fff9a9e3528L)
            .instruction(10, 0x7fc205a62600L, "66 66 2e 0f 1f 84 00 00 00 00 00")
            .add(0, 64, 0x1000)
            .add(28, 2, 123456)
            .add(10, 5, 0x7fc205a61943L) // its bytes were given before
            .add(10, 3, 0x401000) // never given
            .add(2, 1, 0x5000) // a prefetch
            .add(29, 2, 0x401000) // an iteration of a repeated instruction
            .add(48, 2, 0x401003)
            .end();
    TraceReader reader = Actions.reader(data, TraceOptions.DEFAULT);
    assertEquals(
        List.of(
            "INSTRUCTION 5 7fc205a61943 e8b80c0000",
            "STORE 8 7fff9a9e3528 0",
            "INSTRUCTION 11 7fc205a62600 66662e0f1f840000000000",
            "LOAD 64 1000 0",
            "INSTRUCTION 5 7fc205a61943 e8b80c0000",
            "INSTRUCTION 3 401000 -1",
            "INSTRUCTION 2 401003 -1"),
        Actions.read(reader));
    assertEquals(5, reader.counts().instructions());
    assertEquals(TraceFormat.DRMEMTRACE, reader.format());
  }

  @Test
  void turnsSensitiveEncodingsIntoActions() {
    byte[] data =
        new Trace()
            .begin()
            .instruction(10, 0x1000, "0f a2")
            .instruction(10, 0x1002, "f3 90")
            .instruction(10, 0x1004, "e4 60")
            .instruction(10, 0x1006, "66 ef")
            .instruction(10, 0x1008, "0f 22 d8") // MOV to CR3, value unknown
            .instruction(10, 0x100b, "44 0f 20 c0") // MOV from CR8
            .end();
    TraceReader reader = Actions.reader(data, TraceOptions.DEFAULT);
    List<String> actions =
        Actions.read(reader).stream().filter(a -> !a.startsWith("INSTRUCTION")).toList();
    assertEquals(
        List.of("CPUID 0 0 0", "PAUSE 0 0 0", "IN 1 60 0", "OUT 2 80 0", "MOV_FROM_CR 8 0 0"),
        actions);
    assertEquals(1, reader.counts().withoutOperands());
  }

  @Test
  void runsTheUpperHalfAtCpl0() {
    byte[] data =
        new Trace()
            .begin()
            .add(10, 2, 0x1000)
            .add(10, 2, 0xffffffff81000000L)
            .add(10, 2, 0xffffffff81000002L)
            .add(10, 2, 0x1002)
            .add(10, 2, 0xffffffffff600000L) // vsyscall
            .end();
    List<String> changes =
        Actions.read(Actions.reader(data, TraceOptions.DEFAULT)).stream()
            .filter(a -> a.startsWith("SET_CPL"))
            .toList();
    assertEquals(List.of("SET_CPL 0 0 0", "SET_CPL 3 0 0"), changes);
  }

  @Test
  void readsAZipOfChunksAsOneTrace() throws IOException {
    byte[] first = new Trace().begin().add(10, 2, 0x1000).bytes();
    byte[] second = new Trace().add(28, 22, 1).add(10, 2, 0x1002).end();
    for (String digits : List.of("%04d", "%08d")) {
      String[] names = {"chunk." + digits.formatted(0), "chunk." + digits.formatted(1)};
      byte[] data = zip(names, new byte[][] {first, second});
      assertEquals(
          List.of("INSTRUCTION 2 1000 -1", "INSTRUCTION 2 1002 -1"),
          Actions.read(Actions.reader(data, TraceOptions.DEFAULT)));
    }
  }

  @Test
  void refusesAZipWithOtherMembersOrAMissingChunk() throws IOException {
    byte[] first = new Trace().begin().bytes();
    assertEquals(
        "test: zip member 0: expected the name chunk.0000 of a drmemtrace file, found a.txt",
        Actions.complaint(zip(new String[] {"a.txt"}, new byte[][] {first}), TraceOptions.DEFAULT));
    String[] names = {"chunk.0000", "chunk.0002"};
    assertEquals(
        "test: zip member 1: expected the name chunk.0001 of a drmemtrace file, found chunk.0002",
        Actions.complaint(zip(names, new byte[][] {first, first}), TraceOptions.DEFAULT));
  }

  @Test
  void noticesTruncationAtEveryByte() {
    byte[] data = new Trace().begin().instruction(10, 0x1000, "0f a2").end();
    TraceOptions options = TraceOptions.DEFAULT.withFormat(TraceFormat.DRMEMTRACE);
    for (int length = 0; length < data.length; length++) {
      Actions.complaint(Arrays.copyOf(data, length), options);
    }
    assertEquals(2, Actions.read(Actions.reader(data, options)).size());
  }

  @Test
  void namesTheRecordThatMakesNoSense() {
    List<Trace> traces =
        List.of(
            new Trace().begin().add(99, 0, 0),
            new Trace().begin().add(0, 8, 1L << 55),
            new Trace().begin().add(10, 16, 0x1000),
            new Trace().begin().add(47, 9, 0));
    for (Trace trace : traces) {
      String message = Actions.complaint(trace.bytes(), TraceOptions.DEFAULT);
      assertTrue(message.startsWith("test: record 5 (byte 60): expected "), message);
      TraceReader lenient = Actions.reader(trace.add(10, 2, 0x1000).end(), Actions.LENIENT);
      assertEquals(List.of("INSTRUCTION 2 1000 -1"), Actions.read(lenient));
      assertEquals(1, lenient.counts().skipped());
    }
  }

  @Test
  void refusesRawFilesByNameWithTheRemedy() {
    String message =
        Actions.message(() -> TraceFormats.open("d/raw/x.raw.gz", TraceOptions.DEFAULT));
    assertTrue(message.contains("drrun -t drmemtrace -indir"), message);
  }
}
